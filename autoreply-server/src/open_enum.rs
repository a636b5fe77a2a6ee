/// Declares an enum of documented texts that keeps any other text in `Other` and writes it back.
macro_rules! open_enum {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $($(#[$about_variant:meta])* $variant:ident = $text:literal,)+
        }
    ) => {
        $(#[$about])*
        #[non_exhaustive]
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$about_variant])* #[doc = concat!(" Written `", $text, "`.")] $variant,)+
            /// Any other text, kept as it came.
            Other(String),
        }

        impl $name {
            /// The text that stands for it in JSON.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        /// A text that is not documented could be anybody's: of it only the length is shown.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str(stringify!($variant)),)+
                    Self::Other(text) => {
                        f.debug_tuple("Other").field(&$crate::redact::Redacted(text)).finish()
                    }
                }
            }
        }

        /// Upper and lower case are told apart, so that every text is written back as it came.
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Ok(Self::from(text.as_str()))
            }
        }
    };
}
