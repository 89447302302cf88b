//! Scopes of tokens (section 6.4).
//!
//! ```
//! use x428::attestation::scope;
//!
//! assert!(scope::matches("https://example.com/api/*", "https://example.com/api/data?page=2"));
//! assert!(!scope::matches("https://example.com/api/*", "https://example.com/api/v2/data"));
//! ```

use super::uri::HttpUri;

/// Whether a token of this scope opens the requested URI.
///
/// The fragment and then the query of the requested URI are removed, nothing of the scope. After
/// normalization (RFC 3986 §6.2.2 and §6.2.3) the two are equal, or the scope ends in `/*` and the
/// requested URI has exactly one segment, which is not empty, in the place of the `*`. A URI that
/// is no absolute http or https URI, or that can be read in two ways, matches nothing.
// r[impl attestation.scope.strip]
// r[impl attestation.scope.equal]
// r[impl attestation.scope.wildcard]
// r[impl attestation.scope.wildcard-authority]
#[must_use]
pub fn matches(scope: &str, requested: &str) -> bool {
    Scope::parse(scope).is_some_and(|scope| scope.opens(requested))
}

/// A scope that has been read, to be compared with many URIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope<'a>(HttpUri<'a>);

impl<'a> Scope<'a> {
    /// Nothing for a text that opens nothing.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        HttpUri::parse(text)
            .filter(|uri| uri.query.is_none() && !uri.has_fragment)
            .map(Self)
    }

    #[cfg(feature = "tower")]
    pub(crate) fn into_owned(self) -> Scope<'static> {
        Scope(self.0.into_owned())
    }

    /// As [`matches`].
    pub(crate) fn opens(&self, requested: &str) -> bool {
        let Some(requested) = HttpUri::parse(requested) else {
            return false;
        };
        if self.0.origin != requested.origin {
            return false;
        }
        // A scope without a path has the path `/` after normalization, and so no wildcard.
        match self.0.path.strip_suffix('*') {
            Some(parent) if parent.ends_with('/') => requested
                .path
                .strip_prefix(parent)
                .is_some_and(|segment| !segment.is_empty() && !segment.contains('/')),
            _ => self.0.path == requested.path,
        }
    }
}

/// The scope of a resource: the resource without its query and fragment.
#[must_use]
pub fn of_resource(resource: &str) -> &str {
    resource
        .find(['?', '#'])
        .map_or(resource, |end| &resource[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_section_6_4_holds() {
        for (scope, requested, expected) in [
            ("https://a.example/r", "https://a.example/r", true),
            (
                "https://a.example/r",
                "https://a.example/r?page=2#top",
                true,
            ),
            (
                "https://a.example/r",
                "https://a.example/r#top?page=2",
                true,
            ),
            ("https://a.example/r", "https://A.Example:443/r", true),
            ("HTTPS://a.example/r", "https://a.example:/r", true),
            ("https://a.example/r", "https://a.example:8443/r", false),
            ("https://a.example/r", "https://a.example/r/", false),
            ("https://a.example/r", "http://a.example/r", false),
            ("https://a.example/r", "https://a.example/R", false),
            ("https://a.example", "https://a.example/", true),
            (
                "https://a.example/%7eu/%c3%a9",
                "https://a.example/~u/%C3%A9",
                true,
            ),
            ("https://a.example/r/*", "https://a.example/r/1", true),
            ("https://a.example/r/*", "https://a.example/r/1?x=/y", true),
            ("https://a.example/r/*", "https://a.example/r/*", true),
            ("https://a.example/*", "https://a.example/r", true),
            ("https://a.example/r/*", "https://a.example/r/", false),
            ("https://a.example/r/*", "https://a.example/r", false),
            ("https://a.example/r/*", "https://a.example/r/1/2", false),
            ("https://a.example/r/*", "https://a.example/r/1/", false),
            ("https://a.example/r/*", "https://a.example/r/1%2F2", false),
            ("https://a.example/r/*", "https://a.example/r/1%2f2", false),
            ("https://a.example/r/*", "https://a.example/r/1%5c2", false),
            ("https://a.example/r/*", "https://a.example/r/1\\2", false),
            ("https://a.example/r/*", "https://a.example/r/..", false),
            ("https://a.example/r/*", "https://a.example/r/%2e%2E", false),
            ("https://a.example/r/*", "https://a.example/x/../r/1", false),
            ("https://a.example/r/*", "https://a.example/r/.", false),
            ("https://a.example/r/...", "https://a.example/r/...", true),
            ("https://a.example/*/r", "https://a.example/x/r", false),
            ("https://a.example/r*", "https://a.example/rx", false),
            ("https://*", "https://a.example", false),
            ("https://*/", "https://a.example/", false),
            ("https:///*", "https:///r", false),
            ("*", "https://a.example/", false),
            ("https://a.example/r?x=/*", "https://a.example/r", false),
            ("https://a.example/r#", "https://a.example/r", false),
            ("https://a.example/r", "https://u@a.example/r", false),
            ("https://a.example/r", "https://u:p@a.example/r", false),
            ("https://a.example/r", "//a.example/r", false),
            ("https://a.example/r", "/r", false),
            ("ftp://a.example/r", "ftp://a.example/r", false),
            ("https://a.example/r", " https://a.example/r", false),
            ("https://a.example/r", "https://a.example/r\t", false),
            ("https://a.example/é", "https://a.example/é", false),
            ("https://a.example/%", "https://a.example/%", false),
            ("https://a.example/%zz", "https://a.example/%zz", false),
            ("https://[::1]:443/r", "https://[::1]/r", true),
            ("https://[::1]x/r", "https://[::1]x/r", false),
            (
                "https://a.example:65536/r",
                "https://a.example:65536/r",
                false,
            ),
            ("https://a.example:+80/r", "https://a.example:+80/r", false),
        ] {
            assert_eq!(matches(scope, requested), expected, "{scope} {requested}");
        }
    }

    #[test]
    fn a_resource_is_granted_without_its_query() {
        assert_eq!(
            of_resource("https://a.example/r?x#y"),
            "https://a.example/r"
        );
        assert_eq!(of_resource("https://a.example/r"), "https://a.example/r");
    }
}
