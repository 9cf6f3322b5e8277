namespace HipaaFs.Storage;

/// <summary>A problem of a store's URL.</summary>
/// <param name="Error">What is wrong.</param>
/// <param name="Message">One sentence for the person who wrote it.</param>
public sealed record StoreUrlProblem(StoreUrlError Error, string Message);
