//! What an HTTP server is asked.

use super::Url;
use crate::Secret;

/// A question.
pub struct HttpRequest {
    /// `GET`, `POST`, `PUT`
    pub method: &'static str,
    /// Who is asked for what.
    pub url: Url,
    /// Beside `Host` and `Content-Length`.
    pub headers: Vec<(&'static str, Secret)>,
    /// Empty where there is none.
    pub body: Secret,
}
