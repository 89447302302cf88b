//! The layer.

use std::sync::Arc;

use tower_layer::Layer;

use super::builder::Server;
use super::service::AttestationService;

/// Guards services: see the [module](super).
///
/// What it wraps is the inner layer. A layer that asks for payment belongs inside, so that nothing
/// is paid before the preconditions are satisfied.
// r[impl attestation.x402.order]
#[derive(Debug, Clone)]
pub struct AttestationLayer {
    server: Arc<Server>,
}

impl AttestationLayer {
    /// Guards with a server. Layers of one server may share it.
    pub fn new(server: impl Into<Arc<Server>>) -> Self {
        Self {
            server: server.into(),
        }
    }
}

impl<S> Layer<S> for AttestationLayer {
    type Service = AttestationService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AttestationService::new(inner, Arc::clone(&self.server))
    }
}
