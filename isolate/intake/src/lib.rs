//! What a program must be before it is compiled.
