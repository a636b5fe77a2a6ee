use pbkdf2::pbkdf2_hmac_array;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::state::random;

/// Few, so that tests are fast. These passwords guard nothing.
const ROUNDS: u32 = 500;

/// A password, salted and hashed. Nothing leads back to it.
#[derive(Serialize, Deserialize)]
pub(super) struct Password {
    salt: [u8; 16],
    hash: [u8; 32],
}

impl Password {
    pub(super) fn new(password: &str) -> Self {
        let salt = random();
        Self { salt, hash: hash(password, &salt) }
    }

    pub(super) fn is(&self, password: &str) -> bool {
        self.hash.ct_eq(&hash(password, &self.salt)).into()
    }
}

fn hash(password: &str, salt: &[u8]) -> [u8; 32] {
    pbkdf2_hmac_array::<Sha256, 32>(password.as_bytes(), salt, ROUNDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_looks_different_each_time() {
        let (one, other) = (Password::new("secret"), Password::new("secret"));
        assert!(one.is("secret") && other.is("secret"));
        assert!(!one.is("Secret") && !one.is(""));
        assert_ne!(one.hash, other.hash);
    }

    #[test]
    fn the_hash_is_that_of_the_standard() {
        // RFC 7914, section 11, has the vector for one round and 64 bytes, of which these come first.
        let hash = pbkdf2_hmac_array::<Sha256, 32>(b"passwd", b"salt", 1);
        assert_eq!(hash[..8], [0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f]);
    }
}
