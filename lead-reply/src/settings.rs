use serde::{Deserialize, Serialize};

/// The settings of a source on the card of the Lead Reply API, and what each means for the data that
/// arrives. They are set in the app; the API has no call for them.
///
/// Source: Lead Reply API > Options. `Default` is the documented one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SourceSettings {
    /// Whether the source takes replies. While it is off, every one is refused
    /// ([`IntegrationOff`](crate::RefusalKind::IntegrationOff), or
    /// [`SecretOrOff`](crate::RefusalKind::SecretOrOff) where the answer does not tell); Validate
    /// Connection succeeds all the same. Default: off.
    ///
    /// Undocumented: whether the webhook tells of leads meanwhile. Assumed: it does, for it has a card of
    /// its own.
    pub enable: bool,
    /// Whether a location uses the secret of its parent business. It is there on a location with a parent
    /// only; `None` says that it is not there, or not known. Undocumented: the default.
    ///
    /// When it is on, Regenerate at the parent changes the secret of each such location.
    pub inherit_from_parent: Option<bool>,
    /// Create customer only when contact info is captured: a lead is ready for replies once it has left a
    /// phone number or an e-mail address. Default: off, every lead is ready when it reaches out.
    ///
    /// Undocumented: whether a reply to a lead that is not ready is refused. Assumed: it is
    /// ([`LeadNotReady`](crate::RefusalKind::LeadNotReady)).
    pub only_with_contact_info: bool,
    /// Create only for new leads: a lead that returns is not shown as a new one. Default: off, all leads
    /// are shown.
    ///
    /// Assumed: its messages arrive all the same.
    pub only_new_leads: bool,
    /// Whether the name of the source stands beside each lead. Default: off, so it may be missing.
    pub include_source_name: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_documented_to_be_off_by_default_is_off() {
        let json = r#"{"enable":false,"inherit_from_parent":null,"only_with_contact_info":false,"only_new_leads":false,"include_source_name":false}"#;
        assert_eq!(serde_json::to_string(&SourceSettings::default()).unwrap(), json);
        assert_eq!(
            serde_json::from_str::<SourceSettings>("{}").unwrap(),
            SourceSettings::default()
        );
        let on: SourceSettings =
            serde_json::from_str(r#"{"enable":true,"inherit_from_parent":true}"#).unwrap();
        assert_eq!((on.enable, on.inherit_from_parent), (true, Some(true)));
    }
}
