using HipaaFs.Metadata.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace HipaaFs.Metadata.Tests;

/// <summary>Opens SQLite stores in temporary directories and removes those in the end.</summary>
internal sealed class SqliteDirectories : IDisposable
{
    private readonly List<string> _directories = [];

    public string Create()
    {
        string directory = Directory.CreateTempSubdirectory("hipaafs-metadata-").FullName;
        _directories.Add(directory);
        return directory;
    }

    public SqliteMetadataStore Open(string? directory = null, TimeProvider? time = null, SqliteFaults? faults = null)
    {
        var options = new SqliteMetadataOptions { Directory = directory ?? Create(), Faults = faults };
        return Open(options, time);
    }

    public static SqliteMetadataStore Open(SqliteMetadataOptions options, TimeProvider? time = null)
    {
        SqliteOpenResult result = SqliteMetadataStore.Open(options, time ?? new ManualTimeProvider(), NullLogger.Instance);
        Assert.True(result.Error == SqliteOpenError.None, $"{result.Error}: {result.Detail}");
        return result.Store!;
    }

    public void Dispose()
    {
        foreach (string directory in _directories)
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
