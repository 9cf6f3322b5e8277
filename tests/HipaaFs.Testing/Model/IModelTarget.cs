namespace HipaaFs.Testing.Model;

/// <summary>What a model is compared with.</summary>
public interface IModelTarget : IAsyncDisposable
{
    /// <summary>Does one operation. Only those of <see cref="ModelFileSystem.IsApplicable"/> come here.</summary>
    ValueTask<ModelOutcome> RunAsync(ModelCommand command);

    /// <summary>Everything there is, parents before children.</summary>
    ValueTask<List<ObservedNode>> ObserveAsync();

    /// <summary>The same of a snapshot; null when there is none of the name.</summary>
    ValueTask<List<ObservedNode>?> ObserveSnapshotAsync(string name);

    /// <summary>Whether a store or a disk is broken at present, so that operations may fail with the errors of one.</summary>
    bool MayFail { get; }

    /// <summary>
    /// Whether a kernel in front keeps pages of files back when their names change, and those before the range when a range of a file is changed: then only
    /// what the target was given is brought to the metadata first.
    /// </summary>
    bool HasPageCache { get; }

    /// <summary>Asserts at the end that nothing is wrong inside.</summary>
    ValueTask FinishAsync();
}
