//! How long, how often, how much.

use std::time::Duration;

/// The limits of a session. The defaults suit the providers' own services; tests shrink them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How often one request is sent at most, the first time included.
    pub tries: u32,
    /// The longest that the first wait between two tries can be; it doubles from try to try.
    pub first_wait: Duration,
    /// The longest that any wait of our own choice can be. A provider's `Retry-After` may be longer.
    pub longest_wait: Duration,
    /// After this time since the first try no further one is started; a wait that would end later is not begun.
    pub patience: Duration,
    /// The least time between the starts of two tries in a session.
    pub min_interval: Option<Duration>,
    /// The largest answer body that is read, in bytes after decompression.
    pub max_body: usize,
    /// Deadline for the connection, TLS included.
    pub connect: Duration,
    /// Deadline for each read of an answer.
    pub read: Duration,
    /// Deadline for one try as a whole, from connecting to the last byte.
    pub call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tries: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(20),
            patience: Duration::from_secs(180),
            min_interval: None,
            max_body: 64 * 1024 * 1024,
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            call: Duration::from_secs(120),
        }
    }
}
