//! What an HTTP server answered, and what it is when it is not what was asked for.

use serde_json::Value;

use super::Url;

/// What a server answered.
#[non_exhaustive]
pub struct Answer {
    /// 200 where all is well.
    pub status: u16,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Location`: where it would have the client go.
    pub location: Option<String>,
    /// `Date`, in seconds since 1970: what the server's clock said.
    pub(crate) date_unix_s: Option<i64>,
    /// All of it; it may hold secrets.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the server did what was asked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the same question may be answered later.
    pub fn is_temporary(&self) -> bool {
        self.status >= 500 && !matches!(self.status, 501 | 505) || matches!(self.status, 408 | 425 | 429)
    }

    /// The body as JSON. The error is the end of a sentence that names the server, and quotes nothing of the body.
    pub(crate) fn json(&self) -> Result<Value, String> {
        if self.body.is_empty() {
            return Err(format!("its answer ({}) is empty", self.status));
        }
        serde_json::from_slice(&self.body).map_err(|error| match self.is_page() {
            true => {
                format!(
                    "it answered ({}) with a web page, not with JSON: it is a proxy, a login page or another path",
                    self.status
                )
            }
            false => {
                let of_type =
                    self.content_type.as_ref().map(|it| format!(", Content-Type {}", printable(it)));
                format!(
                    "its answer ({}{}) is not JSON: {error}",
                    self.status,
                    of_type.unwrap_or_default()
                )
            }
        })
    }

    /// The sentence about a redirect, if it is one.
    pub(super) fn redirect(&self) -> Option<String> {
        if !(300..400).contains(&self.status) {
            return None;
        }
        let to = match &self.location {
            Some(location) => match Url::parse(location) {
                Ok(url) => format!("to {}", printable(&url.to_string())),
                Err(_) => format!("to {}", printable(location.split('?').next().unwrap_or_default())),
            },
            None => "without saying where to".to_owned(),
        };
        Some(format!(
            "it redirects ({}) {to}; redirects are not followed, since secrets would go with them",
            self.status
        ))
    }

    /// Whether it is a web page, which no answer to a program is.
    pub fn is_page(&self) -> bool {
        let html = |text: &str| text.to_ascii_lowercase().contains("html");
        self.content_type.as_deref().is_some_and(html)
            || html(&String::from_utf8_lossy(&self.body[..self.body.len().min(PAGE_BEGINNING_BYTES)]))
    }
}

/// In one line, and no longer than is read.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(QUOTED_CHARS_MAX).collect()
}

/// Where a page says that it is one.
const PAGE_BEGINNING_BYTES: usize = 256;
const QUOTED_CHARS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: Option<&str>, body: &str) -> Answer {
        let content_type = content_type.map(str::to_owned);
        Answer { status, content_type, location: None, date_unix_s: None, body: body.into() }
    }

    #[test]
    fn a_page_is_told_from_broken_json_and_neither_is_quoted() {
        let page = answer(200, Some("text/html; charset=utf-8"), "<!DOCTYPE html><p>hush</p>");
        assert!(page.json().unwrap_err().contains("with a web page"), "{:?}", page.json());
        let page = answer(503, None, "<html>hush</html>");
        assert!(page.json().unwrap_err().contains("(503) with a web page"), "{:?}", page.json());
        let broken = answer(200, Some("application/json"), "{\"access_token\": hush");
        let error = broken.json().unwrap_err();
        assert!(error.contains("is not JSON: expected value at line 1 column 18"), "{error}");
        assert!(!error.contains("hush"), "{error}");
        assert_eq!(answer(200, None, "").json().unwrap_err(), "its answer (200) is empty");
    }

    #[test]
    fn a_redirect_says_where_to_without_what_it_carries() {
        let mut redirect = answer(302, None, "");
        assert!(redirect.redirect().unwrap().contains("without saying where to"));
        redirect.location = Some("https://login.example/sso?code=hush".to_owned());
        let sentence = redirect.redirect().unwrap();
        assert!(sentence.contains("(302) to https://login.example/sso;"), "{sentence}");
        redirect.location = Some("/sso\n?code=hush".to_owned());
        assert!(redirect.redirect().unwrap().contains("to /sso;"));
        assert_eq!(answer(200, None, "").redirect(), None);
    }

    #[test]
    fn only_what_may_pass_is_temporary() {
        let temporary: Vec<u16> =
            (200..600).filter(|&status| answer(status, None, "").is_temporary()).collect();
        assert!([408, 425, 429, 500, 502, 503, 504].iter().all(|status| temporary.contains(status)));
        assert!(
            [200, 201, 400, 401, 403, 404, 405, 501, 505].iter().all(|status| !temporary.contains(status))
        );
    }

    #[test]
    fn a_redirect_is_shown_no_longer_than_is_read() {
        for location in ["https://login.example/", "/"] {
            let mut redirect = answer(302, None, "");
            redirect.location = Some(location.to_owned() + &"x".repeat(8_000));
            let sentence = redirect.redirect().unwrap();
            assert!(sentence.len() < 500, "{} bytes", sentence.len());
        }
    }
}
