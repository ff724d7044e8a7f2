//! Processes and sockets end to end, and every attack that must be refused.
