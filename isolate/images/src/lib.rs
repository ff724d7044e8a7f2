//! Makes the images of every kind of isolate.
