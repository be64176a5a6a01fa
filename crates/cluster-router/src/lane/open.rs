//! How a lane starts: connect, authenticate, take the lane's name, end whatever still bears it.

use std::sync::Arc;

use crate::client::{Client, ClientError};
use crate::{Connect, Credentials, Io, NodeAddr};

/// What a lane needs in order to be opened.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(crate) connect: Arc<dyn Connect>,
    pub(crate) credentials: Option<Credentials>,
    /// `CLIENT SETNAME`: one link has one lane to a node, so the name tells whose connection it is.
    pub(crate) name: String,
}

impl Opening {
    /// For the connection of a [detour](crate::Router).
    pub(crate) fn for_detour(&self) -> Self {
        Self { name: format!("{}{DETOUR}", self.name), ..self.clone() }
    }
}

/// What stands behind a lane's name in that of its detours.
const DETOUR: &str = ":ask";

/// Opens a connection on which nothing but the lane's own entries will be executed.
///
/// A connection that was lost may still have bytes in the node's buffers, and the node would execute them behind our
/// back, after what is sent next. So the earlier connections of the same name are killed first, those of detours included.
pub(crate) async fn open(opening: Opening, node: NodeAddr) -> Result<Box<dyn Io>, ClientError> {
    let mut client = Client::connect(&*opening.connect, &node, opening.credentials.as_ref()).await?;
    client.call(&["CLIENT", "SETNAME", &opening.name]).await?;
    let own = client.call(&["CLIENT", "ID"]).await?.as_integer().unwrap_or_default();
    let list = client.text(&["CLIENT", "LIST"]).await?;
    for id in named(&list, &opening.name).filter(|&id| id != own) {
        let killed = client.call(&["CLIENT", "KILL", "ID", &id.to_string()]).await;
        // It may have ended by itself in between; any other connection failure is ours.
        if let Err(error @ ClientError::Connection { .. }) = killed {
            return Err(error);
        }
    }
    Ok(client.into_io())
}

/// The ids of the clients of that name in the text of `CLIENT LIST`.
fn named<'a>(list: &'a [u8], name: &'a str) -> impl Iterator<Item = i64> + 'a {
    list.split(|&byte| byte == b'\n').filter_map(move |line| {
        let field = |key: &str| {
            let mut fields = line.split(|&byte| byte == b' ');
            fields.find_map(|field| field.strip_prefix(key.as_bytes()))
        };
        let its = field("name=")?;
        let is_ours = its.strip_suffix(DETOUR.as_bytes()).unwrap_or(its) == name.as_bytes() || its == name.as_bytes();
        let id = std::str::from_utf8(field("id=")?).ok()?;
        if is_ours { id.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_found_by_their_whole_name() {
        let list = b"id=3 addr=127.0.0.1:1 laddr=127.0.0.1:2 fd=8 name=shake:a db=0\n\
                     id=4 addr=127.0.0.1:1 name=shake:ab db=0\nid=15 addr=x name= db=0\nid=16 name=shake:a\nid=17 name=shake:a:ask\n\n";
        assert_eq!(named(list, "shake:a").collect::<Vec<_>>(), [3, 16, 17]);
        assert_eq!(named(list, "shake:a:ask").collect::<Vec<_>>(), [17]);
    }
}
