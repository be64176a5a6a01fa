//! Commands as a client sends them: an array of bulk strings.

/// One command: its name and arguments.
///
/// Made from words (`"SET key 1".into()`), from an array of words, or built with [`cmd`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command(Vec<Vec<u8>>);

impl Command {
    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Arg) -> Self {
        self.0.push(arg.into_bytes());
        self
    }

    /// Adds every argument of an iterator.
    #[must_use]
    pub fn args<A: Arg>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.0.extend(args.into_iter().map(Arg::into_bytes));
        self
    }

    /// The name and the arguments.
    #[must_use]
    pub fn parts(&self) -> &[Vec<u8>] {
        &self.0
    }

    /// The command's name as it was given; empty for a command without parts.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.first().map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default()
    }

    /// Name and first argument, for messages.
    #[must_use]
    pub fn summary(&self) -> String {
        self.0.iter().take(2).map(|part| part.escape_ascii().to_string()).collect::<Vec<_>>().join(" ")
    }

    /// Appends the command in RESP2 form.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("*{}\r\n", self.0.len()).as_bytes());
        for part in &self.0 {
            out.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
            out.extend_from_slice(part);
            out.extend_from_slice(b"\r\n");
        }
    }
}

impl From<&str> for Command {
    /// Splits at white space: for arguments that hold none.
    fn from(words: &str) -> Self {
        Self(words.split_whitespace().map(|word| word.as_bytes().to_vec()).collect())
    }
}

impl<const N: usize> From<[&str; N]> for Command {
    fn from(parts: [&str; N]) -> Self {
        Self(parts.iter().map(|part| part.as_bytes().to_vec()).collect())
    }
}

impl<const N: usize> From<&[&str; N]> for Command {
    fn from(parts: &[&str; N]) -> Self {
        Self::from(*parts)
    }
}

impl From<Vec<Vec<u8>>> for Command {
    fn from(parts: Vec<Vec<u8>>) -> Self {
        Self(parts)
    }
}

impl From<&Command> for Command {
    fn from(command: &Command) -> Self {
        command.clone()
    }
}

/// A command of the given name, to which arguments are added.
///
/// The name may be several words: `cmd("XGROUP CREATE").arg(key)`.
#[must_use]
pub fn cmd(name: &str) -> Command {
    Command::from(name)
}

/// What can stand as an argument of a command.
pub trait Arg {
    /// The bytes that go on the wire.
    fn into_bytes(self) -> Vec<u8>;
}

impl Arg for Vec<u8> {
    fn into_bytes(self) -> Vec<u8> {
        self
    }
}

macro_rules! arg_by_copy {
    ($($type:ty => $convert:expr),* $(,)?) => {
        $(impl Arg for $type {
            fn into_bytes(self) -> Vec<u8> {
                $convert(self)
            }
        })*
    };
}

arg_by_copy! {
    &[u8] => |bytes: &[u8]| bytes.to_vec(),
    &Vec<u8> => |bytes: &Vec<u8>| bytes.clone(),
    &str => |text: &str| text.as_bytes().to_vec(),
    String => |text: String| text.into_bytes(),
    &String => |text: &String| text.as_bytes().to_vec(),
    i32 => |number: i32| number.to_string().into_bytes(),
    u16 => |number: u16| number.to_string().into_bytes(),
    u32 => |number: u32| number.to_string().into_bytes(),
    i64 => |number: i64| number.to_string().into_bytes(),
    u64 => |number: u64| number.to_string().into_bytes(),
    usize => |number: usize| number.to_string().into_bytes(),
    f64 => |number: f64| number.to_string().into_bytes(),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_an_array_of_bulk_strings() {
        let mut out = Vec::new();
        cmd("SET").arg("k").arg(12).encode(&mut out);
        assert_eq!(out, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n12\r\n");
    }

    #[test]
    fn words_become_parts() {
        assert_eq!(Command::from("XGROUP  CREATE k"), Command::from(["XGROUP", "CREATE", "k"]));
    }
}
