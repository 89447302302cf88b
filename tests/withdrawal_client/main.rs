//! The client of the withdrawal protocol against exchanges, kind and hostile.

#[cfg(test)]
mod consent;
#[cfg(test)]
mod high;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod once;
#[cfg(test)]
mod owner;
#[cfg(test)]
mod server;
#[cfg(test)]
mod text;
#[cfg(test)]
mod unknown;
#[cfg(test)]
mod walkthroughs;
#[cfg(test)]
mod webhooks;
