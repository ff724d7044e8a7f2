//! The program inside the isolate: everything that is measured.
