namespace HipaaFs.Testing.Model;

/// <summary>What a node of the model is.</summary>
public enum ModelKind
{
    File,
    Directory,
    SymbolicLink,
    Fifo,
}
