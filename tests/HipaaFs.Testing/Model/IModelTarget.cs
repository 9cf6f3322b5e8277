namespace HipaaFs.Testing.Model;

/// <summary>What a model is compared with.</summary>
public interface IModelTarget : IAsyncDisposable
{
    /// <summary>Does one operation. Only those of <see cref="ModelFileSystem.IsApplicable"/> come here.</summary>
    ValueTask<ModelOutcome> RunAsync(ModelCommand command);

    /// <summary>Everything there is, parents before children.</summary>
    ValueTask<List<ObservedNode>> ObserveAsync();

    /// <summary>Whether a store or a disk is broken at present, so that operations may fail with the errors of one.</summary>
    bool MayFail { get; }

    /// <summary>Whether a change of a file's names brings its data to the metadata first.</summary>
    bool AppliesBeforeNames { get; }

    /// <summary>Asserts at the end that nothing is wrong inside.</summary>
    ValueTask FinishAsync();
}
