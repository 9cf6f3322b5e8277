namespace HipaaFs.Archives;

/// <summary>What opening an archived file does.</summary>
public enum OpenBehaviour
{
    /// <summary>It fails at once.</summary>
    Fail,

    /// <summary>It has the file brought back, and fails until that is done.</summary>
    Recall,

    /// <summary>It has the file brought back, and waits.</summary>
    Block,
}
