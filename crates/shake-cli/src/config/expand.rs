//! Environment variables in string values.

/// Why a value could not be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpandError {
    /// The value itself is not repeated here: it may be half of a password.
    #[error(r#""${{" must be followed by a variable's name and "}}" (write "$${{" for a literal "${{")"#)]
    Malformed,
    #[error("the environment variable {0} is not set")]
    NotSet(String),
}

/// Replaces `${NAME}` by the variable, `${NAME:-default}` by the variable or, where it is unset or empty, the default,
/// and `$${` by a literal `${`. Every other dollar sign stands for itself.
///
/// What a variable holds is not expanded again, and since this works on values after the file was parsed, it cannot
/// change the file's structure either.
pub(super) fn expand(value: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, ExpandError> {
    let mut expanded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = after;
            continue;
        }
        expanded.push_str(before);
        let (reference, behind) = after.split_once('}').ok_or(ExpandError::Malformed)?;
        expanded.push_str(&resolve(reference, env)?);
        rest = behind;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// What stands for the text between the braces.
fn resolve(reference: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, ExpandError> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    if !is_name(name) {
        return Err(ExpandError::Malformed);
    }
    match (env(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(ExpandError::NotSet(name.to_owned())),
    }
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("10.0.0.1".into()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${HOST}".into()),
            _ => None,
        }
    }

    #[test]
    fn variables_defaults_and_escapes() {
        for (value, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("${HOST}:6379", "10.0.0.1:6379"),
            ("${HOST}${HOST}", "10.0.0.110.0.0.1"),
            ("${PORT:-6379}", "6379"),
            ("${EMPTY:-x}", "x"),
            ("[${EMPTY}]", "[]"),
            ("${UNSET:-}", ""),
            ("${UNSET:-a:-b}", "a:-b"),
            ("${NESTED}", "${HOST}"),
            ("pa$$word$", "pa$$word$"),
            ("$HOST", "$HOST"),
            ("$${HOST}", "${HOST}"),
            ("$$${HOST}", "$${HOST}"),
        ] {
            assert_eq!(expand(value, &env).as_deref(), Ok(expected), "{value:?}");
        }
    }

    #[test]
    fn what_cannot_be_expanded() {
        for value in ["${", "${}", "a${HOST", "${HO ST}", "${1X}", "${:-x}", "${HOST-x}"] {
            assert_eq!(expand(value, &env), Err(ExpandError::Malformed), "{value:?}");
        }
        assert_eq!(expand("${UNSET}", &env), Err(ExpandError::NotSet("UNSET".into())));
    }
}
