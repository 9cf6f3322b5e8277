namespace HipaaFs.Cli.Policies;

/// <summary>What kind of data lies in a directory.</summary>
/// <remarks>
/// A limited data set is protected health information too (45 CFR 164.514(e)(2)): it leaves out direct identifiers and is shared under a data use agreement.
/// So it goes to the same stores as phi; the store's <c>baa:</c> may name that agreement (45 CFR 164.504(e)(3)(iv)).
/// </remarks>
internal enum Classification
{
    /// <summary>Protected health information. What holds when nothing is said.</summary>
    Phi,

    /// <summary>A limited data set.</summary>
    Limited,

    /// <summary>Health information without identifiers (45 CFR 164.514(a)-(b)).</summary>
    Deidentified,

    /// <summary>Data that everybody may have, such as reference genomes.</summary>
    Public,
}
