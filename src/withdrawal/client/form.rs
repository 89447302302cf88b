//! Forms for the authorization server, by a client that shows who it is (sections 3.4 to 3.7).

use http::{Method, header};
use url::form_urlencoded;

use super::high::{ASSERTION_TYPE, Proved};
use super::metadata::url_of;
use super::tokens::basic;
use super::transport::{Answer, FORM, Request};
use super::{Client, ClientAuthentication, ClientError, Keeper, Time};
use crate::wire::withdrawal::headers::DPOP;
use crate::wire::withdrawal::{DpopProofClaimsNonce, HttpsUri};

impl<K: Keeper, T: Time> Client<K, T> {
    /// Sends a form once; in the High profile a second time, if a nonce is asked for.
    pub(super) async fn form(
        &self,
        endpoint: &HttpsUri,
        fields: &[(&str, &str)],
    ) -> Result<Answer, ClientError> {
        let url = url_of(endpoint)?;
        let nonce = self.nonces.of(&url);
        let answer = self.form_once(endpoint, fields, nonce.clone()).await?;
        if self.authentication.keys().is_some()
            && self.wants_other_nonce(&url, &answer, nonce.as_ref())
        {
            let nonce = self.nonces.of(&url);
            let again = self.form_once(endpoint, fields, nonce).await?;
            self.nonces.learn(&url, &again);
            return Ok(again);
        }
        Ok(answer)
    }

    async fn form_once(
        &self,
        endpoint: &HttpsUri,
        fields: &[(&str, &str)],
        nonce: Option<DpopProofClaimsNonce>,
    ) -> Result<Answer, ClientError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let mut request = Request::new(Method::POST, url_of(endpoint)?);
        match &self.authentication {
            ClientAuthentication::Public => {
                form.append_pair("client_id", self.id.as_str());
            }
            ClientAuthentication::Post(secret) => {
                form.append_pair("client_id", self.id.as_str());
                form.append_pair("client_secret", secret);
            }
            ClientAuthentication::Basic(secret) => {
                let value = basic(self.id.as_str(), secret)?;
                request.headers.insert(header::AUTHORIZATION, value);
            }
            ClientAuthentication::High(keys) => {
                let now = self.time.now();
                let issuer = &self.discovered.authorization_server.issuer;
                let algorithm = self.discovered.algorithm();
                let assertion = keys.assertion(algorithm, &self.id, issuer, now).await?;
                form.append_pair("client_id", self.id.as_str());
                form.append_pair("client_assertion_type", ASSERTION_TYPE);
                form.append_pair("client_assertion", &assertion);
                let proof = keys.proof(Proved {
                    algorithm,
                    method: &request.method,
                    url: &request.url,
                    token: None,
                    nonce,
                    now,
                });
                let proof = proof.await?;
                request.headers.insert(DPOP, proof);
            }
        }
        let request = request.with(FORM, form.finish().into_bytes());
        self.transport.send(request).await
    }
}
