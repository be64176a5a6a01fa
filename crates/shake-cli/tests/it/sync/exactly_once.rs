//! What has to take effect once does, whoever dies and whatever moves meanwhile.

mod account;
mod everything;
mod kills;
mod source;
mod target;
