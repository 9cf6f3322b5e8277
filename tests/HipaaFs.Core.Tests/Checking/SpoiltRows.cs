using HipaaFs.Metadata;
using HipaaFs.Metadata.Changes;
using HipaaFs.Metadata.Sqlite;
using HipaaFs.Volumes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Core.Tests.Checking;

/// <summary>Puts rows into a closed volume's metadata that no operation would.</summary>
internal static class SpoiltRows
{
    /// <summary>Writes what <paramref name="spoil"/> makes of all rows.</summary>
    public static async Task WriteAsync(TestVolume test, Func<List<RowChange>, IReadOnlyList<RowChange>> spoil)
    {
        await using SqliteMetadataStore metadata = VolumeDirectory.OpenMetadata(
            new SqliteMetadataOptions { Directory = test.VolumeDirectory }, NullLoggerFactory.Instance, TimeProvider.System);
        var rows = new List<RowChange>();
        await foreach (ChangeBatch batch in metadata.DumpAsync())
        {
            Assert.True(ChangeCodec.TryDecode(batch.Encoded, out IReadOnlyList<RowChange>? changes));
            rows.AddRange(changes);
        }

        Assert.True((await metadata.LoadAsync(ChangeCodec.Encode(metadata.Applied, metadata.Applied, spoil(rows)))).Succeeded);
        Assert.True((await metadata.MakeDurableAsync(metadata.Applied)).Succeeded);
    }

    /// <summary>Runs SQL on the tables, for what no rows that are loaded could do.</summary>
    public static void Execute(TestVolume test, string sql)
    {
        using var database = new SqliteConnection($"Data Source={Path.Combine(test.VolumeDirectory, "metadata.db")};Pooling=False");
        database.Open();
        using SqliteCommand command = database.CreateCommand();
        command.CommandText = sql;
        Assert.True(command.ExecuteNonQuery() > 0);
    }
}
