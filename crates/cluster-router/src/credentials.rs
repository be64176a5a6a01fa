use std::fmt;

/// How to authenticate at a node. The password is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The ACL user; without one the password is that of the default user (`requirepass`).
    pub user: Option<String>,
    /// The password.
    pub password: String,
}

impl Credentials {
    /// The `AUTH` command.
    #[must_use]
    pub fn command(&self) -> Vec<&[u8]> {
        let mut args: Vec<&[u8]> = vec![b"AUTH"];
        args.extend(self.user.as_ref().map(String::as_bytes));
        args.push(self.password.as_bytes());
        args
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}
