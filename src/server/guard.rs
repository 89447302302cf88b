//! Which preconditions for which request.

use std::sync::Arc;

use ::http::{Method, Uri};

use crate::attestation::issue::Policy;
use crate::attestation::scope;

/// Says what is required of a request.
///
/// The URI is the request's target as the layer sees it: below the path of the
/// [`PublicBase`](super::PublicBase), and without a host. Closures are guards:
///
/// ```
/// use std::sync::Arc;
///
/// use http::{Method, Uri};
/// use x428::attestation::issue::Policy;
/// use x428::server::Guard;
///
/// fn reports(policy: Arc<Policy>) -> impl Guard {
///     move |_: &Method, uri: &Uri| uri.path().starts_with("/reports/").then(|| policy.clone())
/// }
/// ```
pub trait Guard: Send + Sync {
    /// What is required of a request; nothing if it is not guarded.
    ///
    /// What is guarded does not depend on what the client may leave away or add, such as a header.
    fn requirement(&self, method: &Method, uri: &Uri) -> Option<Requirement>;

    /// Everything that may be required for a resource, whatever the method: a payload that is
    /// posted to the attestation endpoint does not say by which method it wants the resource.
    fn requirements(&self, uri: &Uri) -> Vec<Requirement> {
        let mut found: Vec<Requirement> = Vec::new();
        for method in [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            let requirement = self.requirement(&method, uri);
            found.extend(requirement.filter(|one| !found.contains(one)));
        }
        found
    }

    /// The types of precondition that challenges may name, for the discovery document.
    fn precondition_types(&self) -> Vec<String> {
        ["tos", "age", "identity"].map(str::to_owned).to_vec()
    }
}

impl<F, R> Guard for F
where
    F: Fn(&Method, &Uri) -> Option<R> + Send + Sync,
    R: Into<Requirement>,
{
    fn requirement(&self, method: &Method, uri: &Uri) -> Option<Requirement> {
        self(method, uri).map(Into::into)
    }
}

impl Guard for Arc<dyn Guard> {
    fn requirement(&self, method: &Method, uri: &Uri) -> Option<Requirement> {
        (**self).requirement(method, uri)
    }

    fn requirements(&self, uri: &Uri) -> Vec<Requirement> {
        (**self).requirements(uri)
    }

    fn precondition_types(&self) -> Vec<String> {
        (**self).precondition_types()
    }
}

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Grants {
    /// The resource of the challenge, with any query.
    #[default]
    Resource,
    /// The resource and those beside it: `/reports/*` for `/reports/2026-q3`.
    Siblings,
}

/// The preconditions of a request, and what their attestation opens.
#[derive(Debug, Clone)]
pub struct Requirement {
    policy: Arc<Policy>,
    grants: Grants,
    name: Option<Arc<str>>,
}

impl Requirement {
    /// Requires the preconditions of a policy, and grants the resource.
    #[must_use]
    pub fn new(policy: Arc<Policy>) -> Self {
        Self {
            policy,
            grants: Grants::Resource,
            name: None,
        }
    }

    /// Names the rule. Spans carry the name, so it names nothing of a request.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name of the rule, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Grants something else.
    #[must_use]
    pub fn granting(mut self, grants: Grants) -> Self {
        self.grants = grants;
        self
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The scope of a token for a resource. A resource at the root of an authority has no siblings.
    pub(super) fn scope(&self, resource: &str) -> String {
        let resource = scope::of_resource(resource);
        let siblings = resource
            .rsplit_once('/')
            .map(|(parent, _)| format!("{parent}/*"));
        match (self.grants, siblings) {
            (Grants::Siblings, Some(siblings)) if scope::matches(&siblings, resource) => siblings,
            _ => resource.to_owned(),
        }
    }
}

/// Whatever they are called.
impl PartialEq for Requirement {
    fn eq(&self, other: &Self) -> bool {
        self.policy.digest() == other.policy.digest() && self.grants == other.grants
    }
}

impl From<Arc<Policy>> for Requirement {
    fn from(policy: Arc<Policy>) -> Self {
        Self::new(policy)
    }
}

impl From<Policy> for Requirement {
    fn from(policy: Policy) -> Self {
        Self::new(Arc::new(policy))
    }
}
