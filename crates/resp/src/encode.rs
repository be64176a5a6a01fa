use bytes::{BufMut, BytesMut};

/// Appends a whole command: an array of bulk strings.
///
/// # Examples
/// ```
/// let mut out = bytes::BytesMut::new();
/// resp::put_command(&mut out, &[b"GET", b"key"]);
/// assert_eq!(out, "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
/// ```
pub fn put_command<A: AsRef<[u8]>>(out: &mut BytesMut, args: &[A]) {
    put_array(out, args.len());
    for arg in args {
        put_bulk(out, arg.as_ref());
    }
}

/// Appends the header of an array (or of a command) of `len` elements.
pub fn put_array(out: &mut BytesMut, len: usize) {
    put_header(out, b'*', len);
}

/// Appends a bulk string.
#[inline]
pub fn put_bulk(out: &mut BytesMut, bytes: &[u8]) {
    out.reserve(bytes.len() + LONGEST_HEADER + 2);
    put_header(out, b'$', bytes.len());
    out.put_slice(bytes);
    out.put_slice(b"\r\n");
}

/// Appends an integer as a bulk string, which is how commands carry numbers.
pub fn put_integer_bulk<I: itoa::Integer>(out: &mut BytesMut, value: I) {
    put_bulk(out, itoa::Buffer::new().format(value).as_bytes());
}

#[inline]
fn put_header(out: &mut BytesMut, kind: u8, len: usize) {
    // Most lengths have one digit or two: these are written at once.
    if let Ok(len @ 0..=99) = u8::try_from(len) {
        let (tens, ones) = (b'0' + len / 10, b'0' + len % 10);
        let short = [kind, ones, b'\r', b'\n'];
        let long = [kind, tens, ones, b'\r', b'\n'];
        out.put_slice(if len < 10 { &short } else { &long });
        return;
    }
    out.put_u8(kind);
    out.put_slice(itoa::Buffer::new().format(len).as_bytes());
    out.put_slice(b"\r\n");
}

/// Type byte, the twenty digits of a 64-bit number, CR LF.
const LONGEST_HEADER: usize = 23;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_every_width() {
        for len in [0usize, 7, 9, 10, 42, 99, 100, 255, 256, 65_536, usize::MAX] {
            let mut out = BytesMut::new();
            put_array(&mut out, len);
            assert_eq!(out, format!("*{len}\r\n"));
        }
    }

    #[test]
    fn numbers_travel_as_bulk_strings() {
        let mut out = BytesMut::new();
        put_integer_bulk(&mut out, i64::MIN);
        assert_eq!(out, "$20\r\n-9223372036854775808\r\n");
    }
}
