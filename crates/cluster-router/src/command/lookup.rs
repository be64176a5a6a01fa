use super::args::Args;
use super::generated::COMMANDS;
use super::spec::CommandSpec;

/// The command of that name, in any mix of capitals; `None` when the table does not have it (a module's, perhaps).
///
/// # Examples
/// ```
/// let set = cluster_router::command::lookup(b"sEt").unwrap();
/// assert_eq!((set.name, set.arity), ("SET", -3));
/// ```
#[must_use]
pub fn lookup(name: &[u8]) -> Option<&'static CommandSpec> {
    let packed = pack(name)?;
    let mut bucket = hash(&packed);
    // The table is never full: an empty bucket ends every search.
    loop {
        let index = usize::from(*BUCKETS.get(bucket)?).checked_sub(1)?;
        if NAMES.get(index) == Some(&packed) {
            return COMMANDS.get(index).filter(|spec| spec.name.len() == name.len());
        }
        bucket = (bucket + 1) % BUCKETS.len();
    }
}

/// The command that `args` are, down to the subcommand of a container; `None` when the table does not have it.
#[must_use]
pub fn find(args: Args<'_>) -> Option<&'static CommandSpec> {
    let spec = lookup(args.arg(0)?)?;
    if spec.is_container() { spec.subcommand(args) } else { Some(spec) }
}

/// All commands in alphabetical order, containers with their subcommands in them.
#[must_use]
pub const fn all() -> &'static [CommandSpec] {
    COMMANDS
}

impl CommandSpec {
    /// The subcommand that `args` name; `None` when this is no container, or it does not have such a subcommand.
    #[must_use]
    pub fn subcommand(&self, args: Args<'_>) -> Option<&'static Self> {
        if self.subcommands.is_empty() {
            return None;
        }
        let wanted = args.arg(1)?;
        self.subcommands.iter().find(|sub| {
            let own = sub.name.as_bytes().get(self.name.len() + 1..).unwrap_or_default();
            own.eq_ignore_ascii_case(wanted)
        })
    }
}

/// A name in capitals as three words, so that names are compared and hashed as numbers.
type Packed = [u64; WIDEST / 8];

/// Byte by byte into a register: a short copy to memory that is then read as words costs several times as much.
fn pack(name: &[u8]) -> Option<Packed> {
    let mut packed = [0; WIDEST / 8];
    for (word, bytes) in packed.iter_mut().zip(name.chunks(8)) {
        *word = bytes.iter().fold(0, |word, byte| (word << 8) | u64::from(byte.to_ascii_uppercase()));
    }
    (name.len() <= WIDEST).then_some(packed)
}

const fn hash(packed: &Packed) -> usize {
    let [a, b, c] = *packed;
    // An odd constant without pattern (digits of pi): multiplication carries every letter into the top bits.
    let mixed = (a ^ b.rotate_left(21) ^ c.rotate_left(42)).wrapping_mul(0x243F_6A88_85A3_08D3);
    (mixed >> (64 - BUCKET_BITS)) as usize
}

/// Longest name that the table can hold.
const WIDEST: usize = 24;
const BUCKET_BITS: u32 = 10;

/// The names of [`COMMANDS`], packed.
static NAMES: [Packed; COMMANDS.len()] = packed_names();

/// Where in [`COMMANDS`] a name is, plus one; zero where there is none. Collisions go to the next bucket.
static BUCKETS: [u16; 1 << BUCKET_BITS] = buckets();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler: an index out of bounds does not compile")]
const fn packed_names() -> [Packed; COMMANDS.len()] {
    let mut names = [[0; WIDEST / 8]; COMMANDS.len()];
    let mut index = 0;
    while index < names.len() {
        let name = COMMANDS[index].name.as_bytes();
        let mut at = 0;
        while at < name.len() {
            names[index][at / 8] = (names[index][at / 8] << 8) | name[at] as u64;
            at += 1;
        }
        index += 1;
    }
    names
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler: an index out of bounds does not compile")]
#[expect(clippy::cast_possible_truncation, reason = "a few hundred commands")]
const fn buckets() -> [u16; 1 << BUCKET_BITS] {
    let names = packed_names();
    assert!(names.len() < 1 << (BUCKET_BITS - 1), "the table of buckets is to be at most half full");
    let mut buckets = [0; 1 << BUCKET_BITS];
    let mut index = 0;
    while index < names.len() {
        let mut bucket = hash(&names[index]);
        while buckets[bucket] != 0 {
            bucket = (bucket + 1) % buckets.len();
        }
        buckets[bucket] = index as u16 + 1;
        index += 1;
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_finds_itself() {
        for spec in all() {
            assert_eq!(lookup(spec.name.as_bytes()), Some(spec));
            assert_eq!(lookup(spec.name.to_lowercase().as_bytes()), Some(spec));
        }
    }

    #[test]
    fn names_that_are_none() {
        for name in [&b""[..], b"GE", b"GETT", b"GET\0", b"\0", b"NO.SUCH", &[b'A'; 24], &[b'A'; 1000]] {
            assert_eq!(lookup(name), None, "{name:?}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_subcommands_carry_their_container() {
        assert!(all().is_sorted_by(|a, b| a.name < b.name));
        for container in all() {
            assert!(container.subcommands.is_sorted_by(|a, b| a.name < b.name));
            for sub in container.subcommands {
                assert_eq!(sub.name.split(' ').next(), Some(container.name));
            }
        }
    }

    #[test]
    fn searches_are_short() {
        let longest = NAMES.iter().map(|name| (hash(name)..).position(|b| BUCKETS[b % BUCKETS.len()] == 0).unwrap());
        assert!(longest.max().unwrap() < 12);
    }

    #[test]
    fn subcommands() {
        let args = Args::new(b"xgroup create", &[0..6, 7..13]);
        assert_eq!(find(args).unwrap().name, "XGROUP CREATE");
        assert_eq!(find(Args::new(b"xgroup", std::slice::from_ref(&(0..6)))), None);
        assert_eq!(find(Args::new(b"xgroup nix", &[0..6, 7..10])), None);
    }
}
