using HipaaFs.Testing.Metadata;

namespace HipaaFs.Metadata.Tests;

public sealed class MemoryConformanceTests : MetadataStoreConformance
{
    protected override ValueTask<IMetadataStore> OpenAsync() => new(new MemoryMetadataStore());
}
