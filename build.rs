//! Generates the types and the OpenAPI documents from `schema/`, unless the checked-in copies are asked for.

fn main() {
    println!("cargo::rerun-if-changed=schema");
    #[cfg(feature = "codegen")]
    if let Err(error) = generate() {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
    }
}

#[cfg(feature = "codegen")]
fn generate() -> Result<(), Box<dyn std::error::Error>> {
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    let mut protocols = Vec::new();
    for name in ["attestation", "withdrawal"] {
        let protocol = x428_codegen::Protocol::load("schema", name)?;
        let document = x428_codegen::openapi(&protocol)?;
        std::fs::write(
            out.join(format!("{name}.openapi.json")),
            format!("{document:#}\n"),
        )?;
        protocols.push(protocol);
    }
    std::fs::write(out.join("wire.rs"), x428_codegen::rust(&protocols)?)?;
    Ok(())
}
