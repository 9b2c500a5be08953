//! Where the buckets of an object store lie on this machine: `obs://bucket/path` to a file.

use crate::error::{Error, Finding, Rule};

/// Prefixes and the folders that stand for them. The longest prefix of a path decides.
///
/// ```
/// use upsert_kafka_sink::credentials::PathMap;
///
/// let paths = PathMap::new().with("obs://bucket/", "certs")?;
/// # Ok::<_, upsert_kafka_sink::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct PathMap {
    /// A prefix, which ends at a slash, and a folder, which does not.
    mapped: Vec<(String, String)>,
}

/// Why a path has no place here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathError {
    /// No prefix is its.
    Unmapped,
    /// It climbs out of the folder that its prefix is mapped to.
    Outside,
}

/// How paths of the object store begin. No other scheme is special.
pub(crate) const OBJECT_STORE: &str = "obs://";

impl PathMap {
    /// No bucket lies anywhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more prefix, which ends at a `/`; one that was there already keeps its folder.
    ///
    /// # Errors
    /// A prefix that does not begin with `obs://` and a bucket.
    pub fn with(mut self, prefix: &str, folder: &str) -> Result<Self, Error> {
        let bucket = prefix.strip_prefix(OBJECT_STORE).unwrap_or_default();
        if bucket.is_empty() || bucket.starts_with('/') {
            let text = format!("'{prefix}' is no prefix of an object store: write {OBJECT_STORE}BUCKET/");
            return Err(Finding::new(Rule::Credentials, text).into());
        }
        let prefix = format!("{}/", prefix.trim_end_matches('/'));
        if !self.mapped.iter().any(|(known, _)| *known == prefix) {
            let folder =
                if folder.trim_matches('/').is_empty() { folder } else { folder.trim_end_matches('/') };
            self.mapped.push((prefix, folder.to_owned()));
        }
        Ok(self)
    }

    /// The file that a path means: a local one as it stands, one of a bucket by the map.
    pub(crate) fn local(&self, path: &str) -> Result<String, PathError> {
        if !path.starts_with(OBJECT_STORE) {
            return Ok(path
                .strip_prefix("file://")
                .filter(|it| it.starts_with('/'))
                .unwrap_or(path)
                .to_owned());
        }
        let prefixes = self.mapped.iter().filter(|(prefix, _)| path.starts_with(prefix));
        let (prefix, folder) = prefixes.max_by_key(|(prefix, _)| prefix.len()).ok_or(PathError::Unmapped)?;
        let mut steps = Vec::new();
        for step in path[prefix.len()..].split('/') {
            match step {
                "" | "." => {}
                ".." => drop(steps.pop().ok_or(PathError::Outside)?),
                name => steps.push(name),
            }
        }
        let slash = if folder.ends_with('/') { "" } else { "/" };
        Ok(format!("{folder}{slash}{}", steps.join("/")))
    }
}

impl PathError {
    /// The sentence about a path that `key` names.
    pub(crate) fn sentence(self, key: &str, path: &str) -> String {
        match self {
            Self::Unmapped => {
                let bucket = path.trim_start_matches(OBJECT_STORE).split('/').next().unwrap_or_default();
                format!(
                    "'{key}' = '{path}' lies in an object store that is not read here; copy the file and map it: \
                     --map-path {OBJECT_STORE}{bucket}/=DIR"
                )
            }
            Self::Outside => format!("'{key}' = '{path}' leaves the folder that stands for its bucket"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> PathMap {
        pairs.iter().fold(PathMap::new(), |map, (prefix, folder)| map.with(prefix, folder).unwrap())
    }

    #[test]
    fn the_longest_prefix_decides_and_the_first_of_equal_ones() {
        let paths = map(&[("obs://b/", "one"), ("obs://b/c", "two/"), ("obs://b/", "three")]);
        for (path, local) in [
            ("obs://b/x.jks", "one/x.jks"),
            ("obs://b/c/x.jks", "two/x.jks"),
            ("obs://b/cc/x.jks", "one/cc/x.jks"),
            ("obs://b//d/./e/../x", "one/d/x"),
            ("certs/x.jks", "certs/x.jks"),
            ("file:///etc/x.jks", "/etc/x.jks"),
            ("s3://b/x", "s3://b/x"),
        ] {
            assert_eq!(paths.local(path).as_deref(), Ok(local), "{path}");
        }
        assert_eq!(map(&[("obs://b/", "/")]).local("obs://b/x").as_deref(), Ok("/x"));
    }

    #[test]
    fn a_path_without_a_place_is_refused_with_a_line_to_paste() {
        let paths = map(&[("obs://b/", "one")]);
        assert_eq!(paths.local("obs://bb/x"), Err(PathError::Unmapped));
        assert_eq!(
            PathError::Unmapped.sentence("properties.ssl.truststore.location", "obs://b/c/x.jks"),
            "'properties.ssl.truststore.location' = 'obs://b/c/x.jks' lies in an object store that is not read here; \
             copy the file and map it: --map-path obs://b/=DIR"
        );
    }

    #[test]
    fn no_path_leaves_its_folder() {
        let paths = map(&[("obs://b/", "one"), ("obs://b/c/", "two")]);
        for path in ["obs://b/../x", "obs://b/a/../../x", "obs://b/c/../x", "obs://b/..", "obs://b//../x"] {
            assert_eq!(paths.local(path), Err(PathError::Outside), "{path}");
        }
    }

    #[test]
    fn a_prefix_is_of_the_object_store() {
        for prefix in ["", "b/", "obs://", "obs:///b", "s3://b/"] {
            let error = PathMap::new().with(prefix, "x").unwrap_err().to_string();
            assert!(error.contains("is no prefix of an object store"), "{error}");
        }
    }
}
