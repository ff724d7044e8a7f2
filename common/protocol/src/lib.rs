//! Requests, responses and error codes of the participant API, and the control channel.
