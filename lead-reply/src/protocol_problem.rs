use std::fmt;

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProtocolProblem {
    /// It is no JSON, such as a page of HTML.
    NotJson,
    /// It is JSON, and no object.
    Shape,
    /// It says yes and no: by its status and its body, or by two fields.
    Conflict,
}

impl fmt::Display for ProtocolProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "the answer is no JSON",
            Self::Shape => "the answer is JSON, and no object",
            Self::Conflict => "the answer says both yes and no",
        })?;
        f.write_str("; Error::excerpt shows its beginning")
    }
}
