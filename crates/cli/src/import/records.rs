//! Lines and CSV records of a file: a quotation mark that is never closed spoils its own line and not the rest.

use csv::ByteRecord;
use std::{
    collections::VecDeque,
    io::{self, BufRead, Cursor},
};

/// The longest record, bytes. A longer one has a quotation mark that is never closed.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// The lines of a file, each with its number, from 1, and its end: `\n`, `\r\n` or `\r`.
pub struct Lines {
    input: Box<dyn BufRead + Send>,
    number: u64,
    back: VecDeque<(u64, Vec<u8>)>,
}

impl Lines {
    /// The lines of what is read from here on.
    pub fn new(input: Box<dyn BufRead + Send>) -> Self {
        Self { input, number: 0, back: VecDeque::new() }
    }

    /// Number of the last line that was read; 0 before the first.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        if let Some(it) = self.back.pop_front() {
            return Ok(Some(it));
        }
        let mut line = Vec::new();
        loop {
            let buffer = self.input.fill_buf()?;
            let is_over = buffer.is_empty() || (line.ends_with(b"\r") && buffer[0] != b'\n');
            if !is_over {
                let end = buffer.iter().position(|it| matches!(it, b'\n' | b'\r')).map_or(buffer.len(), |it| it + 1);
                line.extend_from_slice(&buffer[..end]);
                self.input.consume(end);
            }
            if line.ends_with(b"\n") || (is_over && !line.is_empty()) {
                self.number += 1;
                return Ok(Some((self.number, line)));
            }
            if is_over {
                return Ok(None);
            }
        }
    }

    fn give_back(&mut self, lines: Vec<(u64, Vec<u8>)>) {
        for it in lines.into_iter().rev() {
            self.back.push_front(it);
        }
    }
}

/// The CSV records of a file, one after the other.
pub struct Records {
    lines: Lines,
    reader: csv::Reader<Cursor<Vec<u8>>>,
    record: ByteRecord,
}

/// One record, or why its line is none.
pub struct Record<'a> {
    /// Line on which it begins.
    pub line: u64,
    /// Its fields.
    pub fields: Result<&'a ByteRecord, String>,
}

impl Records {
    /// The records of what is read from here on.
    pub fn new(input: Box<dyn BufRead + Send>) -> Self {
        let reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(Cursor::default());
        Self { lines: Lines::new(input), reader, record: ByteRecord::new() }
    }

    /// Number of the last line that was read.
    pub fn line(&self) -> u64 {
        self.lines.number()
    }

    /// The next record, which should have so many fields; `None` at the end.
    /// Of one that spans lines and is none, only the first line is given up; reading goes on with the second.
    pub fn next(&mut self, expected: Option<usize>) -> io::Result<Option<Record<'_>>> {
        let (line, mut text) = loop {
            match self.lines.next()? {
                Some((_, it)) if it.iter().all(|it| matches!(it, b'\n' | b'\r')) => {}
                Some(it) => break it,
                None => return Ok(None),
            }
        };
        let (mut quotes, mut more, mut is_torn) = (Quotes::default(), Vec::new(), false);
        is_torn |= quotes.pass(&text);
        while quotes.is_open() && text.len() < RECORD_BYTES_MAX {
            let Some((number, bytes)) = self.lines.next()? else { break };
            is_torn |= quotes.pass(&bytes);
            text.extend_from_slice(&bytes);
            more.push((number, bytes));
        }
        let fields = if quotes.is_open() || (is_torn && !more.is_empty()) {
            Err("a quotation mark is never closed".to_owned())
        } else {
            text.push(b'\n');
            *self.reader.get_mut() = Cursor::new(text);
            self.reader.read_byte_record(&mut self.record).map_err(io::Error::other)?;
            match expected {
                Some(it) if it != self.record.len() => {
                    Err(format!("{} fields where the first line has {it}", self.record.len()))
                }
                _ => Ok(()),
            }
        };
        if fields.is_err() {
            self.lines.give_back(more);
        }
        Ok(Some(Record { line, fields: fields.map(|()| &self.record) }))
    }
}

/// Where in a record a text ends, as the CSV reader sees it.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// Before the first character of a field.
    #[default]
    Start,
    /// In a field without quotation marks, where one in the middle means nothing.
    Plain,
    /// Between quotation marks.
    Open,
    /// Behind a quotation mark that closes, unless another one follows.
    Closed,
}

impl Quotes {
    /// Goes on over a text; says whether one that closes stood within a field, where it rather opens another.
    fn pass(&mut self, text: &[u8]) -> bool {
        let mut is_torn = false;
        for byte in text {
            is_torn |= *self == Self::Closed && !matches!(byte, b'"' | b',' | b'\n' | b'\r');
            *self = match (*self, byte) {
                (Self::Open, b'"') => Self::Closed,
                (Self::Start | Self::Closed, b'"') | (Self::Open, _) => Self::Open,
                (_, b',' | b'\n' | b'\r') => Self::Start,
                _ => Self::Plain,
            };
        }
        is_torn
    }

    fn is_open(self) -> bool {
        self == Self::Open
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Line and fields of each record, joined by `|`, or why it is none.
    fn read(text: &str) -> Vec<(u64, String)> {
        let mut records = Records::new(Box::new(Cursor::new(text.as_bytes().to_vec())));
        let (mut all, mut expected) = (vec![], None);
        while let Some(it) = records.next(expected).unwrap() {
            let fields = it.fields.map(|it| {
                expected.get_or_insert(it.len());
                it.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect::<Vec<_>>().join("|")
            });
            all.push((it.line, fields.unwrap_or_else(|why| format!("NONE: {why}"))));
        }
        all
    }

    #[test]
    fn records_are_read_as_the_standard_says() {
        let text = "a,b\n1,\"x, \"\"y\"\"\"\r\n\n2,\"two\nlines\"\r3,5\" pipe\n4,end";
        let expected = [(1, "a|b"), (2, "1|x, \"y\""), (4, "2|two\nlines"), (6, "3|5\" pipe"), (7, "4|end")];
        assert_eq!(read(text), expected.map(|(line, it)| (line, it.to_owned())));
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_spoils_its_own_line() {
        let open = "NONE: a quotation mark is never closed";
        let short = "NONE: 2 fields where the first line has 3";
        for (text, expected) in [
            ("a,b,c\n1,\"x,2\n3,4,5\n6,7,8\n", vec![(1, "a|b|c"), (2, open), (3, "3|4|5"), (4, "6|7|8")]),
            ("a,b,c\n1,2,\"x", vec![(1, "a|b|c"), (2, open)]),
            // The next mark closes it by accident, in the middle of a field or before a wrong number of them.
            ("a,b,c\n1,\"x\n3,4,5\n6,\"7\",8\n", vec![(1, "a|b|c"), (2, open), (3, "3|4|5"), (4, "6|7|8")]),
            ("a,b,c\n\"x,2\n6,7,\"\"\n", vec![(1, "a|b|c"), (2, open), (3, "6|7|")]),
            ("a,b,c\n1,\"x\n3,4\"\n6,7,8\n", vec![(1, "a|b|c"), (2, short), (3, short), (4, "6|7|8")]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(line, it)| (line, it.to_owned())).collect();
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_record_has_an_end() {
        let line = format!("{},x\n", "y".repeat(100_000));
        let text = format!("a,b\n1,\"never closed\n{}", line.repeat(30));
        let all = read(&text);
        assert_eq!((all.len(), all[1].0, all[2].0), (32, 2, 3));
        assert!(all[1].1.starts_with("NONE") && all[2..].iter().all(|it| it.1.ends_with("|x")));
    }
}
