namespace HipaaFs.Storage;

/// <summary>One operation of a store with its arguments apart, so that a decorator can run it without a closure.</summary>
internal delegate ValueTask<StoreResult<TResult>> StoreOperation<TArguments, TResult>(IObjectStore store, TArguments arguments, CancellationToken cancel);
