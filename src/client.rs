//! The client: a middleware for reqwest that answers a 428 when, and only when, the operator
//! consents.
//!
//! ```no_run
//! use x428::client::{AttestationMiddleware, ClientError, ConsentPolicy, Operator, Question};
//! use x428::sign::SigningKey;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::from_pkcs8_pem(&std::fs::read_to_string("operator.pem")?)?;
//! let policy = ConsentPolicy::from_toml(&std::fs::read_to_string("consent.toml")?)?;
//! let client = AttestationMiddleware::new(Operator::of_key(key)?, policy)?
//!     .with_ask(|question: Question| async move {
//!         println!("{} asks: {:?}", question.server.as_str(), question.precondition);
//!         false
//!     })
//!     .attach(reqwest::Client::builder())?
//!     .build();
//!
//! match client.get("https://api.example.com/reports/2026-q3").send().await {
//!     Ok(response) => println!("{}", response.status()),
//!     Err(error) => match ClientError::of(&error) {
//!         Some(ClientError::ConsentDenied { precondition, .. }) => {
//!             println!("not without {}", precondition.as_str());
//!         }
//!         _ => return Err(error.into()),
//!     },
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | part | section | what it does |
//! |---|---|---|
//! | [`AttestationMiddleware`] | 6.2 | checks the challenge, asks the policy, signs, repeats the request |
//! | [`ConsentPolicy`], [`Ask`] | 6.2 | decide, instead of the model and of the server |
//! | [`Documents`] | 6.2 | fetches the terms and compares their hash before anything is signed |
//! | [`TokenCache`] | 6.5 | keeps tokens, and presents them where they belong |
//! | [`Receipts`] | 12.2 | checks receipts against what was sent and received |

mod answer;
pub mod consent;
mod credential;
mod document;
mod error;
mod handshake;
mod middleware;
mod operator;
mod receipt;
mod redirect;
mod required;
mod tokens;
mod transport;

pub use consent::{
    Ask, Consent, ConsentPolicy, Nobody, Origin, PolicyFileError, Question, Rule,
    schema as consent_policy_schema,
};
pub use document::{Document, Documents};
pub use error::{ClientError, DocumentError};
pub use middleware::AttestationMiddleware;
pub use operator::Operator;
pub use receipt::{ReceiptFault, Receipted, Receipts, UnkeptReceipt};
pub use tokens::TokenCache;
