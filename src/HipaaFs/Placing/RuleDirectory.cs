using HipaaFs.Cli.Policies;
using HipaaFs.Metadata;

namespace HipaaFs.Cli.Placing;

/// <summary>A directory of the volume for which a policy says something of its own: the root, and each that has a rule.</summary>
/// <param name="Policy">What holds for it.</param>
/// <param name="Patterns">What holds for files in it by their names; the first that matches decides.</param>
internal sealed record RuleDirectory(EffectivePolicy Policy, IReadOnlyList<EffectivePolicy> Patterns)
{
    /// <summary>Its path from the root of the volume.</summary>
    public string Path => Policy.Rule?.Path ?? "/";

    /// <summary>Its inode; null while there is none, or nobody has looked.</summary>
    public InodeId? Inode { get; init; }

    /// <summary>The placement that it has now; 0 while there is no such directory.</summary>
    public uint Current { get; init; }

    /// <summary>All of a policy, outer ones first; the first is the root.</summary>
    public static IReadOnlyList<RuleDirectory> Of(PolicyDocument document)
    {
        var directories = new List<RuleDirectory>();
        EffectivePolicy? directory = null;
        var patterns = new List<EffectivePolicy>();
        foreach (EffectivePolicy policy in new PolicyResolver(document).All())
        {
            if (policy.Pattern is not null)
            {
                patterns.Add(policy);
                continue;
            }

            Add();
            directory = policy;
        }

        Add();
        return directories;

        void Add()
        {
            if (directory is not null)
            {
                directories.Add(new RuleDirectory(directory, [.. patterns]));
                patterns.Clear();
            }
        }
    }
}
