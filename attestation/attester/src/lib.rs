//! Software root of trust: measures, starts and vouches for isolates without hardware.
