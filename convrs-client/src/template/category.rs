use std::time::Duration;

use crate::{Template, model::open_enum::open_enum};

/// The time over which people's feedback makes up a template's [`Quality`].
pub const FEEDBACK_PERIOD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

open_enum! {
    /// What a template is for. Undocumented: the names on a wire. Assumed: WhatsApp's.
    ///
    /// Source: Convrs API > Understanding WhatsApp Message Templates > Template Categories
    Category {
        /// It belongs to something the person did: an order, a delivery, an appointment.
        Utility = "UTILITY",
        /// A one-time password or another code that proves who somebody is.
        Authentication = "AUTHENTICATION",
        /// Advertising, offers, winning somebody back.
        Marketing = "MARKETING",
    }
}

impl Category {
    /// Whether the person must have agreed to this kind of message in so many words. For marketing,
    /// and for a category that is not known here. Some consent is needed for all.
    #[must_use]
    pub fn needs_explicit_opt_in(&self) -> bool {
        matches!(self, Self::Marketing | Self::Other(_))
    }

    /// The category that came along with a template, `None` when none did.
    ///
    /// Undocumented: whether one does. Assumed: in the field `category`, in any case of letters.
    #[must_use]
    pub fn of(template: &Template) -> Option<Self> {
        let name = template.extra.get("category")?;
        Some(Self::from(name.as_str()?.to_ascii_uppercase().as_str()))
    }
}

open_enum! {
    /// How people take a template. It follows from the feedback of the last seven days
    /// ([`FEEDBACK_PERIOD`]): how many block or report the sender, the reasons they give, and how
    /// many read the message. Undocumented: the names on a wire. Assumed: these.
    ///
    /// Source: Convrs API > Understanding WhatsApp Message Templates > Template Quality Rating
    Quality {
        /// It is well received.
        High = "HIGH",
        /// There are first complaints: improve it now.
        Medium = "MEDIUM",
        /// There are many complaints: it may be paused.
        Low = "LOW",
    }
}

impl Quality {
    /// Whether days at this quality count towards [`active_again`](super::active_again): at medium
    /// and high. A quality that is not known here does not.
    #[must_use]
    pub fn counts_as_good(&self) -> bool {
        matches!(self, Self::High | Self::Medium)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marketing_and_the_unknown_need_an_explicit_opt_in() {
        assert!(Category::Marketing.needs_explicit_opt_in());
        assert!(Category::from("PROMOTION").needs_explicit_opt_in());
        assert!(!Category::Utility.needs_explicit_opt_in());
        assert!(!Category::Authentication.needs_explicit_opt_in());
    }

    #[test]
    fn a_template_may_bring_its_category_along() {
        let of = |category| {
            let template = json!({"name": "a", "status": "APPROVED", "category": category});
            Category::of(&serde_json::from_value(template).unwrap())
        };
        assert_eq!(of(json!("MARKETING")), Some(Category::Marketing));
        assert_eq!(of(json!("Utility")), Some(Category::Utility));
        assert_eq!(of(json!("NEW")), Some(Category::Other("NEW".to_owned())));
        assert_eq!(of(json!(5)), None);
    }

    #[test]
    fn an_unknown_quality_is_kept_and_does_not_count_as_good() {
        let quality: Quality = serde_json::from_value(json!("UNKNOWN")).unwrap();
        assert_eq!(serde_json::to_value(&quality).unwrap(), json!("UNKNOWN"));
        assert!(!quality.counts_as_good());
        assert!(Quality::Medium.counts_as_good());
        assert!(!Quality::Low.counts_as_good());
    }
}
