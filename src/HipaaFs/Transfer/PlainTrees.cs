using HipaaFs.Cli.Mounting;
using HipaaFs.Cli.Volumes;
using HipaaFs.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace HipaaFs.Cli.Transfer;

/// <summary>Opens what import, export and verify are given: a directory by its path or as file:///path, or a bucket by its URL.</summary>
internal static class PlainTrees
{
    /// <summary>Opens a place.</summary>
    /// <param name="text">The place.</param>
    /// <param name="create">Whether a missing directory is made.</param>
    /// <param name="context">What the command sees of the world.</param>
    /// <exception cref="CommandException">It is no place, or cannot be opened.</exception>
    public static PlainTree Open(string text, bool create, CommandContext context)
    {
        if (!text.Contains("://", StringComparison.Ordinal))
        {
            return OpenDirectory(PathRelation.Resolve(text), create);
        }

        if (!StoreUrl.TryParse(text, out StoreUrl? url, out StoreUrlProblem? problem))
        {
            throw new CommandException(
                ExitCode.Usage, $"read the URL: {problem.Message}", "Give a directory, s3://bucket/prefix or azblob://account/container/prefix; docs/configuration.md has the forms.");
        }

        if (url.Scheme == StoreScheme.File)
        {
            return OpenDirectory(PathRelation.Resolve(url.Path), create);
        }

        try
        {
            return new BucketTree(text, KnownStores.All.Open(url, new StoreOptions { ForeignKeys = true }, context.Time, NullLogger.Instance));
        }
        catch (StoreOpenException exception)
        {
            throw new CommandException(ExitCode.Store, $"open {text}: {exception.Message}", "Correct the URL or the credentials in the environment.", exception);
        }
    }

    private static DirectoryTree OpenDirectory(string path, bool create)
    {
        if (create)
        {
            try
            {
                Directory.CreateDirectory(path);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new CommandException(ExitCode.Failed, $"make {path}: {exception.Message}", "Choose another directory, or make it yourself.", exception);
            }
        }

        return Directory.Exists(path)
            ? new DirectoryTree(path)
            : throw new CommandException(ExitCode.NotFound, $"open {path}: there is no such directory", "Check its spelling, and whether what it lies on is mounted.");
    }
}
