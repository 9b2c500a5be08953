//! Amazon's files of profiles: `~/.aws/credentials` and `~/.aws/config`.

use std::collections::BTreeMap;
use std::fmt;

use crate::Secret;
use crate::error::quoted;

/// The profiles of both files, by name; a credentials file's values stand before a config file's.
#[derive(Debug, Default)]
pub(super) struct Profiles(BTreeMap<String, Profile>);

/// One profile. Values may be secrets, and so may names in a file that is broken.
#[derive(Default)]
pub(super) struct Profile(BTreeMap<String, Secret>);

impl Profiles {
    /// Reads both texts. Lines that are neither a section nor a value are passed over, as Amazon's readers do.
    pub(super) fn read(credentials: &str, config: &str) -> Self {
        let mut profiles = Self::default();
        profiles.add(config, |section| match section.strip_prefix("profile ") {
            Some(name) => Some(name.trim()),
            None => (section == "default").then_some(section),
        });
        profiles.add(credentials, |section| Some(section.trim()));
        profiles
    }

    fn add(&mut self, text: &str, name_of: impl Fn(&str) -> Option<&str>) {
        let mut current: Option<String> = None;
        // A mark of UTF-8, as some editors put it in front.
        for line in text.trim_start_matches('\u{feff}').lines() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if let Some(section) = trimmed.strip_prefix('[') {
                // Names are shown: what is not closed, or looks like a value, is none.
                let section =
                    section.split_once(']').map(|(name, _)| name.trim()).filter(|it| !it.contains('='));
                current = section.and_then(&name_of).map(|name| name.trim_matches(['"', '\'']).to_owned());
                if let Some(name) = &current {
                    self.0.entry(name.clone()).or_default();
                }
                continue;
            }
            // An indented line belongs to a nested value, which nothing here is.
            let nested = line.starts_with([' ', '\t']);
            let Some((key, value)) = trimmed.split_once('=').filter(|_| !nested) else { continue };
            if let Some(profile) = current.as_ref().and_then(|name| self.0.get_mut(name)) {
                let value =
                    value.split(" #").next().unwrap_or_default().split(" ;").next().unwrap_or_default();
                profile.0.insert(key.trim().to_ascii_lowercase(), Secret::from(value.trim()));
            }
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<&Profile> {
        self.0.get(name)
    }

    /// The names that there are.
    pub(super) fn names(&self) -> String {
        match self.0.is_empty() {
            true => "no profile at all".to_owned(),
            false => quoted(&self.0.keys().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", ")),
        }
    }
}

impl Profile {
    /// A value that is not empty.
    pub(super) fn secret(&self, key: &str) -> Option<&Secret> {
        self.0.get(key).filter(|value| !value.is_empty())
    }

    /// A value that is no secret.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.secret(key).map(Secret::reveal)
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.0.len())
    }
}

/// So many names are shown.
const NAMES_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// Read by botocore 1.44 to the same values.
    const CREDENTIALS: &str = "\
# keys
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key=abc/def+ghi=
[ orders ]
AWS_ACCESS_KEY_ID=AKIAORDERS
aws_secret_access_key = s3cret
aws_session_token = tok==
; the end
[bare]
";
    const CONFIG: &str = "\
[default]
region = eu-central-1
aws_access_key_id = AKIACONFIG
[profile orders]
region=us-west-2
s3 =
  max_concurrent_requests = 20
[profile \"with space\"]
role_arn = arn:aws:iam::1:role/r
source_profile = default
[not-a-profile]
region = nowhere
";

    #[test]
    fn both_files_are_read_and_credentials_come_first() {
        let profiles = Profiles::read(CREDENTIALS, CONFIG);
        let text = |profile: &str, key: &str| profiles.named(profile)?.text(key).map(str::to_owned);
        assert_eq!(text("default", "aws_access_key_id").as_deref(), Some("AKIADEFAULT"));
        assert_eq!(text("default", "aws_secret_access_key").as_deref(), Some("abc/def+ghi="));
        assert_eq!(text("default", "region").as_deref(), Some("eu-central-1"));
        assert_eq!(text("orders", "aws_access_key_id").as_deref(), Some("AKIAORDERS"));
        assert_eq!(text("orders", "aws_session_token").as_deref(), Some("tok=="));
        assert_eq!(text("orders", "region").as_deref(), Some("us-west-2"));
        assert_eq!(text("orders", "max_concurrent_requests"), None);
        assert_eq!(text("with space", "source_profile").as_deref(), Some("default"));
        assert_eq!(text("bare", "region"), None);
        assert!(profiles.named("bare").is_some() && profiles.named("not-a-profile").is_none());
        assert_eq!(profiles.names(), "bare, default, orders, with space");
        assert_eq!(Profiles::default().names(), "no profile at all");
    }

    #[test]
    fn profiles_show_no_value() {
        let shown = format!("{:?}", Profiles::read(CREDENTIALS, CONFIG));
        assert!(shown.contains("orders"), "{shown}");
        assert!(!shown.contains("s3cret") && !shown.contains("abc/def"), "{shown}");
    }

    #[test]
    fn odd_texts_do_no_harm() {
        for text in ["[", "]", "[]", "=", "a=b", "[x]\n=\n= =\n[x\na", "\u{feff}[y]\nk=v", "[z]\nk"] {
            let profiles = Profiles::read(text, text);
            assert!(profiles.named("nobody").is_none());
        }
        assert!(Profiles::read("\u{feff}[y]\nk=v", "").named("y").is_some());
    }

    #[test]
    fn what_is_shown_of_names_is_bounded() {
        let names = Profiles::read(&format!("[{}]\n", "x".repeat(100_000)).repeat(30), "").names();
        assert!(names.len() < 2_000, "{} bytes", names.len());
    }
}
