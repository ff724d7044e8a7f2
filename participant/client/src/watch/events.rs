//! Server-sent events (WHATWG HTML, section 9.2), as strict as they are sent: an event has the name
//! `status` and one line of data.

use std::collections::VecDeque;

use thiserror::Error;
use veracruz_protocol::{limits, media};

/// The longest line: a status, and the field's name.
const LINE_BYTES: usize = limits::STATUS_BYTES + 16;

/// Takes a stream apart, however it was cut into pieces.
#[derive(Default)]
pub(crate) struct EventParser {
    line: Vec<u8>,
    named: bool,
    data: Option<Vec<u8>>,
    ready: VecDeque<Vec<u8>>,
}

/// What an isolate does not send.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum EventFlaw {
    #[error("a line of more than {LINE_BYTES} bytes")]
    TooLong,
    #[error("a line that is no field of such an event")]
    Field,
    #[error("a field that stands there twice")]
    Twice,
    #[error("an event without its name or its data")]
    Incomplete,
}

impl EventParser {
    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// At the first byte that shows that this is something else. Nothing is to be pushed after it.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), EventFlaw> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            self.extend(line)?;
            self.end_line()?;
            rest = after.get(1..).unwrap_or_default();
        }
        self.extend(rest)
    }

    /// The data of the next event that is whole.
    pub(crate) fn next_event(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), EventFlaw> {
        if self.line.len().saturating_add(bytes.len()) > LINE_BYTES {
            return Err(EventFlaw::TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), EventFlaw> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        if line.is_empty() {
            return self.end_event();
        }
        // A comment: some put them in to keep a line open.
        if line.starts_with(b":") {
            return Ok(());
        }
        if let Some(data) = field(line, b"data:") {
            let twice = self.data.replace(data.to_vec()).is_some();
            return if twice { Err(EventFlaw::Twice) } else { Ok(()) };
        }
        match field(line, b"event:") {
            Some(name) if name == media::STATUS_EVENT.as_bytes() && self.named => {
                Err(EventFlaw::Twice)
            }
            Some(name) if name == media::STATUS_EVENT.as_bytes() => {
                self.named = true;
                Ok(())
            }
            _ => Err(EventFlaw::Field),
        }
    }

    fn end_event(&mut self) -> Result<(), EventFlaw> {
        match (std::mem::take(&mut self.named), self.data.take()) {
            (true, Some(data)) => self.ready.push_back(data),
            // More than one empty line between events.
            (false, None) => {}
            _ => return Err(EventFlaw::Incomplete),
        }
        Ok(())
    }
}

impl std::fmt::Debug for EventParser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventParser")
            .field("buffered", &self.line.len())
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}

/// A field's value, without the one space that may stand before it.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &[u8] =
        b"event: status\ndata: {\"a\":1}\n\n: still here\n\ndata:{}\r\nevent:status\r\n\r\n\n";

    fn parsed(chunks: &[&[u8]]) -> Result<Vec<Vec<u8>>, EventFlaw> {
        let mut parser = EventParser::default();
        let mut events = Vec::new();
        for chunk in chunks {
            parser.push(chunk)?;
            events.extend(std::iter::from_fn(|| parser.next_event()));
        }
        Ok(events)
    }

    #[test]
    fn refuses_what_an_isolate_does_not_send() {
        let cases: [(&[u8], EventFlaw); 8] = [
            (b"event: other\n", EventFlaw::Field),
            (b"id: 1\n", EventFlaw::Field),
            (b"retry: 1\n", EventFlaw::Field),
            (b"\xef\xbb\xbfevent: status\n", EventFlaw::Field),
            (b"data: 1\ndata: 2\n", EventFlaw::Twice),
            (b"event: status\nevent: status\n", EventFlaw::Twice),
            (b"data: 1\n\n", EventFlaw::Incomplete),
            (b"event: status\n\n", EventFlaw::Incomplete),
        ];
        for (stream, flaw) in cases {
            assert_eq!(parsed(&[stream]), Err(flaw), "{stream:?}");
        }
    }

    #[test]
    fn no_line_takes_more_memory_than_a_status_may() {
        let mut parser = EventParser::default();
        parser.push(b"data: ").unwrap();
        let mebibyte = vec![b'x'; 1 << 20];
        let result = (0..=limits::STATUS_BYTES >> 20).try_for_each(|_| parser.push(&mebibyte));
        assert_eq!(result, Err(EventFlaw::TooLong));
    }

    proptest! {
        #[test]
        fn however_the_stream_is_cut_the_events_are_the_same(
            cuts in proptest::collection::vec(0..STREAM.len(), 0..8)
        ) {
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let chunks: Vec<_> = cuts.windows(2).map(|pair| &STREAM[pair[0]..pair[1]]).collect();
            let expected = vec![b"{\"a\":1}".to_vec(), b"{}".to_vec()];
            prop_assert_eq!(parsed(&chunks), Ok(expected));
        }

        #[test]
        fn no_bytes_make_it_panic(chunks: Vec<Vec<u8>>) {
            let chunks: Vec<_> = chunks.iter().map(Vec::as_slice).collect();
            let _ = parsed(&chunks);
        }
    }
}
