use super::{DiagramFault, parse, svg};

const HANDSHAKE: &str = "sequenceDiagram
    accTitle: The handshake
    participant A as Agent
    participant S as Server
    A->>S: GET /resource
    S-->>A: 428 with a challenge
    Note over A,S: the operator decides
    alt the attestation holds
        A->>S: GET /resource, payload
        S-->>A: 200, token
    else it does not
        S--xA: 428, error code
    end
    S->>S: forget
";

#[test]
fn a_handshake_is_drawn() {
    let diagram = parse(HANDSHAKE).unwrap();
    insta::assert_snapshot!(svg(&diagram, "d1").replace("><", ">\n<"));
}

#[test]
fn steps_are_told_as_sentences() {
    let picture = svg(&parse(HANDSHAKE).unwrap(), "d1");
    assert!(
        picture.contains("Agent to Server: GET /resource. Server to Agent: 428 with a challenge."),
        "{picture}"
    );
    assert!(
        picture.contains("<title id=\"d1-title\">The handshake</title>"),
        "{picture}"
    );
}

#[test]
fn markup_in_labels_is_escaped() {
    let picture = svg(&parse("sequenceDiagram\nA->>B: <script> &lt").unwrap(), "d");
    assert!(!picture.contains("<script"), "{picture}");
    assert!(picture.contains("&lt;script&gt; &amp;lt"), "{picture}");
}

#[test]
fn every_fault_names_its_line() {
    let faults = |text: &str| -> Vec<(usize, DiagramFault)> {
        parse(text)
            .unwrap_err()
            .into_iter()
            .map(|error| (error.line, error.fault))
            .collect()
    };
    assert_eq!(
        faults("flowchart LR\nA-->B"),
        [(0, DiagramFault::Kind("flowchart".into()))]
    );
    assert_eq!(
        faults("sequenceDiagram\nA->>B: x\nrect blue"),
        [(2, DiagramFault::Line("rect blue".into()))]
    );
    assert_eq!(
        faults("sequenceDiagram\nA->>B: x\nelse no"),
        [(2, DiagramFault::Stray("else".into()))]
    );
    assert_eq!(
        faults("sequenceDiagram\nopt a\nelse no\nA->>B: x\nend"),
        [(2, DiagramFault::Stray("else".into()))]
    );
    assert_eq!(
        faults("sequenceDiagram\nA->>B: x\nend"),
        [(2, DiagramFault::Stray("end".into()))]
    );
    assert_eq!(
        faults("sequenceDiagram\nloop twice\nA->>B: x"),
        [(1, DiagramFault::Unclosed("loop"))]
    );
    assert_eq!(
        faults("sequenceDiagram\nparticipant A\nA->>B: x"),
        [(2, DiagramFault::Undeclared("B".into()))]
    );
    assert_eq!(faults("sequenceDiagram\n"), [(0, DiagramFault::Empty)]);
    assert_eq!(faults(""), [(0, DiagramFault::Empty)]);
    assert_eq!(
        faults("sequenceDiagram\nNote A: x"),
        [(1, DiagramFault::Line("Note A: x".into()))]
    );
}

#[test]
fn words_never_leave_the_picture() {
    let text = "sequenceDiagram\nNote left of A: a rather long remark on the left\nA->>A: to itself, at length, on the right\n";
    let picture = svg(&parse(text).unwrap(), "d");
    for x in picture
        .split(" x=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next()?.parse::<i32>().ok())
    {
        assert!(x >= 0, "{picture}");
    }
}
