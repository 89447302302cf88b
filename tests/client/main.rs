//! The client against servers, kind and hostile.
