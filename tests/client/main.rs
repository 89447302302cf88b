//! The client against servers, kind and hostile.

#[cfg(test)]
mod duties;
#[cfg(test)]
mod example;
#[cfg(test)]
mod handshake;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod redirects;
#[cfg(test)]
mod server;
