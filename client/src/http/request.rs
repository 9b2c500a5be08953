//! What an HTTP server is asked.

use super::Url;
use crate::Secret;

/// A question.
pub(crate) struct HttpRequest {
    /// `GET`, `POST`, `PUT`
    pub(crate) method: &'static str,
    /// Who is asked for what.
    pub(crate) url: Url,
    /// Beside `Host` and `Content-Length`.
    pub(crate) headers: Vec<(&'static str, Secret)>,
    /// Empty where there is none.
    pub(crate) body: Secret,
}
