use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate that signs itself, with its key.
#[derive(Debug)]
pub struct Certificate {
    pem: String,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// One for `host`, a name or an IP address, that is good for centuries.
    ///
    /// # Panics
    /// For a name that no certificate can carry.
    #[must_use]
    pub fn of(host: &str) -> Self {
        Self::until(host, 4000)
    }

    /// One that expired years ago.
    ///
    /// # Panics
    /// As [`of`](Self::of).
    #[must_use]
    pub fn expired(host: &str) -> Self {
        Self::until(host, 2001)
    }

    /// What a client has to trust to talk to this server.
    #[must_use]
    pub fn pem(&self) -> String {
        self.pem.clone()
    }

    fn until(host: &str, year: i32) -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut wanted =
            rcgen::CertificateParams::new([host.to_owned()]).expect("a name for a certificate");
        wanted.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = wanted.self_signed(&key).expect("a certificate");
        Self {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
        }
    }

    pub(super) fn into_acceptor(self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("a version of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate], self.key)
            .expect("a certificate that fits its key");
        TlsAcceptor::from(Arc::new(config))
    }
}
