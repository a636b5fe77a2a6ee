//! Whom a connection trusts, and by which cryptography.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, Error, RootCertStore, WantsVerifier, crypto::CryptoProvider,
    pki_types::CertificateDer,
};

/// Named, for with two of them in a program rustls has no default to take.
fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "hyper-aws-lc")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "hyper-aws-lc"))]
    let provider = rustls::crypto::ring::default_provider();
    Arc::new(provider)
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
    ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()
}

/// These certificates and no other.
pub(super) fn trusting(own: Vec<CertificateDer<'static>>) -> Result<ClientConfig, Error> {
    from(RootCertStore::empty(), own)
}

/// These, and those that the world trusts.
#[cfg(not(feature = "hyper-platform-roots"))]
pub(super) fn trusting_others_and(
    own: Vec<CertificateDer<'static>>,
) -> Result<ClientConfig, Error> {
    from(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(), own)
}

/// These, and those that the machine trusts.
#[cfg(feature = "hyper-platform-roots")]
pub(super) fn trusting_others_and(
    own: Vec<CertificateDer<'static>>,
) -> Result<ClientConfig, Error> {
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(own, provider())?;
    let config = builder()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    Ok(http_1(config.with_no_client_auth()))
}

fn from(
    mut roots: RootCertStore,
    own: Vec<CertificateDer<'static>>,
) -> Result<ClientConfig, Error> {
    for certificate in own {
        roots.add(certificate)?;
    }
    Ok(http_1(builder()?.with_root_certificates(roots).with_no_client_auth()))
}

fn http_1(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
