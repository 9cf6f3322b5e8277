using Microsoft.Extensions.Logging;

namespace HipaaFs.Storage;

/// <summary>Opens the stores of one kind.</summary>
/// <exception cref="StoreOpenException">It cannot be opened; the message is for the person who configured it.</exception>
public delegate IObjectStore StoreAdapter(StoreUrl url, StoreOptions options, TimeProvider time, ILogger logger);
