//! Strict, typed reading of one table of the file.
//!
//! This reads the parsed document itself: errors of derived deserializers know neither the section nor, for a missing
//! or an unknown key, the line.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{ConfigError, ConfigErrorKind};
use super::expand::expand;
use super::place::{Located, Place};
use super::size;
use super::suggest;

/// What every section of one file has in common.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    /// The file's text, for line numbers.
    pub(super) text: &'a str,
    /// What an environment variable holds.
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}

impl Document<'_> {
    /// The line that holds the byte at `offset`, counted from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
    }
}

/// One table of the file, known to hold no other keys than the allowed ones.
pub(super) struct Section<'a> {
    document: Document<'a>,
    name: &'static str,
    /// Where the section begins; `None` if it is not in the file.
    line: Option<usize>,
    table: Option<&'a DeTable<'a>>,
}

impl<'a> Section<'a> {
    /// The top of the file.
    pub(super) fn top(
        document: Document<'a>,
        table: &'a DeTable<'a>,
        allowed: &[&'static str],
    ) -> Result<Self, ConfigError> {
        Self { document, name: "", line: None, table: Some(table) }.allowing(allowed)
    }

    /// The table `name` of this one. One that is not in the file reads as an empty one.
    pub(super) fn section(&self, name: &'static str, allowed: &[&'static str]) -> Result<Self, ConfigError> {
        let Some((key, value)) = self.entry(name) else {
            return Ok(Self { document: self.document, name, line: None, table: None });
        };
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.wrong_type(name, "a section", value));
        };
        let line = Some(self.document.line(key.span().start));
        Self { document: self.document, name, line, table: Some(table) }.allowing(allowed)
    }

    /// Refuses the first key, in the order of the file, that is not allowed.
    fn allowing(self, allowed: &[&'static str]) -> Result<Self, ConfigError> {
        let unknown = self
            .table
            .iter()
            .flat_map(|table| table.iter())
            .filter(|(key, _)| !allowed.contains(&key.get_ref().as_ref()))
            .min_by_key(|(key, _)| key.span().start);
        match unknown {
            None => Ok(self),
            Some((key, value)) => Err(self.unknown_key(key, value.get_ref(), allowed)),
        }
    }

    fn unknown_key(&self, key: &Spanned<DeString<'_>>, value: &DeValue<'_>, allowed: &[&'static str]) -> ConfigError {
        let name = key.get_ref();
        let (what, key_shown) = match value {
            DeValue::Table(_) if self.name.is_empty() => ("section", format!("[{name}]")),
            _ => ("key", name.to_string()),
        };
        let line = Some(self.document.line(key.span().start));
        let place = Place { line, section: self.name, key: key_shown };
        let problem = match suggest::nearest(name, allowed) {
            Some(meant) => format!("unknown {what}; did you mean {meant:?}?"),
            None => format!("unknown {what}; allowed are {}", allowed.join(", ")),
        };
        ConfigError::new(ConfigErrorKind::UnknownKey, Some(&place), problem)
    }

    /// A string, its variables expanded.
    pub(super) fn string(&self, key: &'static str) -> Result<Option<Located<String>>, ConfigError> {
        self.string_that_is(key, "a string")
    }

    fn string_that_is(&self, key: &'static str, expected: &str) -> Result<Option<Located<String>>, ConfigError> {
        let Some((_, value)) = self.entry(key) else { return Ok(None) };
        let DeValue::String(text) = value.get_ref() else {
            return Err(self.wrong_type(key, expected, value));
        };
        let place = self.place(key);
        let value = self.expanded(text, &place)?;
        Ok(Some(Located { value, place }))
    }

    /// A list of strings, their variables expanded.
    pub(super) fn strings(&self, key: &'static str) -> Result<Option<Located<Vec<String>>>, ConfigError> {
        let Some((_, value)) = self.entry(key) else { return Ok(None) };
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.wrong_type(key, "a list of strings", value));
        };
        let place = self.place(key);
        let mut strings = Vec::with_capacity(items.len());
        for item in items.iter() {
            let DeValue::String(text) = item.get_ref() else {
                return Err(self.wrong_type(key, "a list of strings", item));
            };
            strings.push(self.expanded(text, &place)?);
        }
        Ok(Some(Located { value: strings, place }))
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, key: &'static str) -> Result<Option<Located<bool>>, ConfigError> {
        let Some((_, value)) = self.entry(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Boolean(value) => Ok(Some(Located { value: *value, place: self.place(key) })),
            _ => Err(self.wrong_type(key, "true or false", value)),
        }
    }

    /// A whole number within `range`.
    pub(super) fn integer(
        &self,
        key: &'static str,
        range: RangeInclusive<usize>,
    ) -> Result<Option<Located<usize>>, ConfigError> {
        let Some((_, value)) = self.entry(key) else { return Ok(None) };
        let DeValue::Integer(digits) = value.get_ref() else {
            return Err(self.wrong_type(key, "a whole number", value));
        };
        match usize::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(value) if range.contains(&value) => Ok(Some(Located { value, place: self.place(key) })),
            _ => Err(self.bad(key, &format!("expected a number from {} to {}", range.start(), range.end()))),
        }
    }

    /// A TCP port; 0 is none.
    pub(super) fn port(&self, key: &'static str) -> Result<Option<Located<u16>>, ConfigError> {
        let number = self.integer(key, 0..=usize::from(u16::MAX))?;
        Ok(number.map(|number| number.map(|port| u16::try_from(port).unwrap_or_default())))
    }

    /// A size within `range`: a number of bytes, or a string with a unit.
    pub(super) fn size(
        &self,
        key: &'static str,
        range: RangeInclusive<usize>,
    ) -> Result<Option<Located<usize>>, ConfigError> {
        let Some((_, typed)) = self.entry(key) else { return Ok(None) };
        let value = match typed.get_ref() {
            DeValue::Integer(digits) => usize::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => {
                let text = self.string_that_is(key, r#"a size such as "256mb""#)?;
                text.and_then(|text| size::parse(&text.value))
            }
        };
        match value {
            Some(value) if range.contains(&value) => Ok(Some(Located { value, place: self.place(key) })),
            _ => {
                let (least, most) = (size::show(*range.start()), size::show(*range.end()));
                Err(self.bad(key, &format!(r#"expected a size such as "256mb", from {least} to {most}"#)))
            }
        }
    }

    /// A version such as `5.0`, at least `least`.
    pub(super) fn version(&self, key: &'static str, least: f64) -> Result<Option<Located<f64>>, ConfigError> {
        let Some((_, value)) = self.entry(key) else { return Ok(None) };
        let number = match value.get_ref() {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) => number.as_str(),
            _ => return Err(self.wrong_type(key, "a number such as 5.0", value)),
        };
        match number.parse::<f64>() {
            Ok(value) if value >= least => Ok(Some(Located { value, place: self.place(key) })),
            _ => Err(self.bad(key, &format!("must be {least:.1} or newer"))),
        }
    }

    /// One of several names.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<Option<Located<T>>, ConfigError> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let allowed = quoted(&names);
        let Some(typed) = self.string_that_is(key, &format!("one of {allowed}"))? else { return Ok(None) };
        if let Some((_, meaning)) = choices.iter().find(|(name, _)| *name == typed.value) {
            return Ok(Some(typed.map(|_| *meaning)));
        }
        let mut problem = format!("{:?} is none of {allowed}", typed.value);
        if let Some(meant) = suggest::nearest(&typed.value, &names) {
            problem.push_str(&format!("; did you mean {meant:?}?"));
        }
        Err(self.bad(key, &problem))
    }

    /// Where `key` is, or would be.
    pub(super) fn place(&self, key: &'static str) -> Place {
        let line = match self.entry(key) {
            Some((key, _)) => Some(self.document.line(key.span().start)),
            None => self.line,
        };
        Place { line, section: self.name, key: key.to_owned() }
    }

    fn entry(&self, key: &str) -> Option<(&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>)> {
        self.table?.get_key_value(key)
    }

    fn expanded(&self, text: &str, place: &Place) -> Result<String, ConfigError> {
        expand(text, self.document.env)
            .map_err(|error| ConfigError::new(ConfigErrorKind::Variable, Some(place), error.to_string()))
    }

    fn bad(&self, key: &'static str, problem: &str) -> ConfigError {
        ConfigError::new(ConfigErrorKind::BadValue, Some(&self.place(key)), problem)
    }

    /// Names the type that was found, never the value: it may be a password.
    fn wrong_type(&self, key: &'static str, expected: &str, found: &Spanned<DeValue<'_>>) -> ConfigError {
        let place = Place { line: Some(self.document.line(found.span().start)), ..self.place(key) };
        let found = match found.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a fractional number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a section",
        };
        ConfigError::new(ConfigErrorKind::WrongType, Some(&place), format!("expected {expected}, found {found}"))
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}
