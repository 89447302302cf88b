//! The registry of all codes. A code never changes its meaning; a code that is no longer given
//! stays unused.

use std::fmt;

use super::Severity;

macro_rules! codes {
    ($($name:ident = $code:literal $severity:ident $title:literal,)+) => {
        /// What can be wrong with a specification.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// All codes in order.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code as it is shown: `E0302`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// How bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What it says, in a phrase.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// The long explanation in Markdown, with an example of wrong and right.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("explain/", $code, ".md")),)+ }
            }
        }
    };
}

codes! {
    UnreadableFile = "E0101" Error "a file cannot be read",
    NotUtf8 = "E0102" Error "a file is not UTF-8",
    NoSummary = "E0103" Error "the specification has no SUMMARY.md",
    MissingFile = "E0104" Error "SUMMARY.md links to a file that does not exist",
    NotInSummary = "E0105" Error "a file is not in SUMMARY.md",
    NothingChecked = "E0106" Error "nothing was checked",
    ProtocolHeader = "E0107" Error "the protocol comment is incomplete",
    DuplicateProtocol = "E0108" Error "two protocols have the same id",
    UnclosedFence = "E0109" Error "a fence is not closed",
    UnknownDirective = "E0110" Error "an x428 comment means nothing",

    UnclassifiedFence = "E0201" Error "a fence does not say what it is",
    UnknownFenceKind = "E0202" Error "there is no such kind of fence",
    UnknownAttribute = "E0203" Error "a fence has an attribute that means nothing",
    MissingAttribute = "E0204" Error "a fence lacks an attribute",
    AttributeValue = "E0205" Error "an attribute has a value that it cannot have",
    DuplicateId = "E0206" Error "two fences have the same id",
    OutsideProtocol = "E0207" Error "a fence stands outside of any protocol",

    JsonSyntax = "E0301" Error "a fence is not JSON",
    DuplicateMember = "E0302" Error "an object gives a member twice",
    NotStrictJson = "E0303" Error "JSON with extensions",
    YamlSyntax = "E0304" Error "a fence is not YAML, or more than JSON can say",
    NotIJson = "E0305" Error "a number is not exact for every reader",

    NoTypeName = "E0401" Error "a schema has no name",
    DuplicateType = "E0402" Error "a type is defined twice",
    InvalidSchema = "E0403" Error "a schema is not a valid JSON Schema",
    UnknownKeyword = "E0404" Error "a schema uses a keyword that does not exist",
    UnresolvedRef = "E0405" Error "a reference leads nowhere",
    CyclicRef = "E0406" Error "a type is defined by nothing but itself",
    UndescribedProperty = "E0407" Error "a member is not described",

    RequiredUndefined = "E0408" Error "a schema requires a member that it does not define",
    CannotGenerate = "E0409" Error "no code can be generated from a schema",

    UnknownType = "E0501" Error "an example is of a type that does not exist",
    InvalidExample = "E0502" Error "an example violates its schema",
    NotRejected = "E0503" Error "an example that should be rejected is valid",
    RejectedOtherwise = "E0504" Error "an example is rejected for another reason than it says",
    MisspeltMember = "E0505" Error "an example has a member that looks misspelt",

    UnknownKey = "E0601" Error "there is no such key",
    WrongSignature = "E0602" Error "a signature does not verify",
    Unsigned = "E0603" Error "an example that says it is signed has no signature",
    InvalidKey = "E0604" Error "a key is not an Ed25519 JWK with its private part",
    UnknownExample = "E0605" Error "there is no such example",
    WrongVerdict = "E0606" Error "the verifier says something else than the example",
    VectorShape = "E0607" Error "a vector is not of the form of its category",
    VectorVerdict = "E0608" Error "the verifier says something else than the vector",
    DuplicateVector = "E0609" Error "two vectors have the same id",
    PatchFails = "E0610" Error "a patch cannot be applied",
    Computation = "E0611" Error "a value cannot be computed",
    WrongValue = "E0612" Error "a value is not what it is computed from",

    RequirementSyntax = "E0701" Error "a requirement's id is malformed",
    DuplicateRequirement = "E0702" Error "two requirements have the same id",
    KeywordWithoutId = "E0703" Error "a MUST or SHOULD has no id",
    UnknownRequirement = "E0704" Error "there is no such requirement",
    EmptyRequirement = "E0705" Error "an id is followed by no text",

    BrokenLink = "E0801" Error "a link leads to a file that does not exist",
    BrokenAnchor = "E0802" Error "a link leads to a heading that does not exist",
    UndefinedTerm = "E0803" Error "a term is not in the glossary",
    DuplicateTerm = "E0804" Error "a term is in the glossary twice",
    UnusedTerm = "E0805" Error "nothing uses a term of the glossary",
    HeadingNumber = "E0806" Error "a heading's number is out of order",
    UndefinedReference = "E0807" Error "a reference link has no definition",

    TableMissing = "E0901" Error "a table comment has no table below it",
    TableShape = "E0902" Error "a data table has the wrong columns",
    TableValue = "E0903" Error "a cell of a data table cannot be read",
    DuplicateRow = "E0904" Error "a data table has a row twice",
    TableType = "E0905" Error "a table has an unusable type",
    RegionOutdated = "E0906" Error "a generated region is out of date",
    RegionUnclosed = "E0907" Error "a generated region is not closed",
    DuplicateTable = "E0908" Error "two data tables have the same id",

    HttpSyntax = "E1001" Error "a fence is not an HTTP message",
    HeaderEncoding = "E1002" Error "a header cannot be decoded",
    HeaderContent = "E1003" Error "a header carries something else than it says",
    BodyInvalid = "E1004" Error "the body of a message is wrong",
    ContentLength = "E1005" Error "Content-Length is not the length of the body",
    OperationShape = "E1006" Error "an operation or component is not of OpenAPI's form",
    OperationRef = "E1007" Error "an operation refers to something that does not exist",
    ExchangeSteps = "E1008" Error "the steps of an exchange are not 1, 2, 3 …",
    MessageMismatch = "E1009" Error "a message is not one of its operation",

    UnknownState = "E1101" Error "a transition names a state that does not exist",
    UselessTransition = "E1102" Error "a transition changes nothing",
    AfterTerminal = "E1103" Error "a transition leads out of a terminal state",
    UnreachableState = "E1104" Error "a state is never reached",
    DeadEnd = "E1105" Error "a state that is not terminal has no way out",
    InitialState = "E1106" Error "a state machine has not one beginning",
    DuplicateMachine = "E1107" Error "a type has two tables of transitions",

    DiagramSyntax = "E1201" Error "a diagram is not understood",

    RequirementWithoutKeyword = "W0701" Warning "a requirement has no keyword",
    Uncovered = "W0702" Warning "nothing shows a requirement",
    StaleUntested = "W0703" Warning "a row of the table untested has no effect",
    KeywordOutsideProtocol = "W0704" Warning "a requirement keyword stands outside of any protocol",
}

impl Code {
    /// The code that is shown as `text`, in either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
